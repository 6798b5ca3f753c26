"""All that is held about one identity, as objects: from the store, and from records put aside."""

import json
from collections.abc import Iterator
from typing import Any

from glasshouse.keeping.holdings import Holdings
from glasshouse.model import decode_record


def export(holdings: Holdings, product: str, kind: str, identity: str) -> Iterator[dict[str, Any]]:
    """An object per row, with the table it lies in. What was acknowledged before is in it."""
    holdings.loader.do(holdings.loader.catch_up)
    yield from holdings.store.held(product, kind, identity)
    for path in sorted((holdings.data / "journal-aside").glob("*.record")):
        yield from _aside(path.read_bytes(), product, kind, identity)


def _aside(payload: bytes, product: str, kind: str, identity: str) -> Iterator[dict[str, Any]]:
    try:
        record = decode_record(payload)
    except ValueError:
        if identity.encode() in payload:
            yield {"table": "journal-aside", "unreadable": payload.decode(errors="replace")}
        return
    if record.head.product != product:
        return
    for block, lines in zip(record.head.blocks, record.lines, strict=True):
        for line in lines.splitlines():
            if identity.encode() not in line:
                continue
            try:
                item = json.loads(line)
            except ValueError:
                yield {"table": "journal-aside", "unreadable": line.decode(errors="replace")}
                continue
            ids = {"instance": item.get("instance"), **(item.get("identities") or {})}
            if ids.get(kind) == identity:
                yield {"table": "journal-aside", "item": block.item, **item}

"""Erasure in the records that could not be loaded and were put aside."""

import json
from collections.abc import Callable, Iterator
from functools import lru_cache

import msgspec

from glasshouse.catalogue.files import write_whole
from glasshouse.keeping.holdings import Holdings
from glasshouse.model import KEY_BYTES, Block, Record, decode_record
from glasshouse.store import Erasure

Goes = Callable[[bytes], bool]


def cleanse(holdings: Holdings, erasure: Erasure, identity: str | None = None) -> int:
    """Drop what the erasure covers; the number of records changed or deleted.

    Without the identity itself, as in a replay, lines are known by its keyed hash, and a record
    that cannot be read goes as a whole: nobody can say that it does not hold the identity.
    """

    @lru_cache(maxsize=10_000)
    def covered(text: str) -> bool:
        if identity is not None:
            return text == identity
        return holdings.store.mark(erasure.product, erasure.kind or "", text) == erasure.mark

    def goes(line: bytes) -> bool:
        try:
            item = json.loads(line)
            ids = {"instance": item["instance"], **(item.get("identities") or {})}
        except (ValueError, KeyError, TypeError, AttributeError):
            return identity is None or identity.encode() in line
        named = ids.get(erasure.kind)
        return named is not None and covered(str(named))

    changed = 0
    for path in sorted((holdings.data / "journal-aside").glob("*.record")):
        payload = path.read_bytes()
        kept = _kept(payload, erasure, goes, identity)
        if kept != payload:
            changed += 1
            if kept is None:
                path.unlink()
            else:
                write_whole(path, kept)
    return changed


def _kept(payload: bytes, erasure: Erasure, goes: Goes, identity: str | None) -> bytes | None:
    """What stays of a record: all, some lines, or nothing."""
    try:
        record = decode_record(payload)
    except ValueError:  # msgspec's errors are such
        if erasure.kind is None:
            return payload
        return None if identity is None or identity.encode() in payload else payload
    if record.head.product != erasure.product:
        return payload
    if erasure.kind is None:
        return None
    blocks, keys, lines = [], [], []
    for block, block_keys, block_lines in zip(
        record.head.blocks, record.keys, record.lines, strict=True
    ):
        pairs = list(_pairs(block_keys, block_lines))
        left = [(key, line) for key, line in pairs if not goes(line)]
        if len(left) == len(pairs):
            blocks.append(block)
            keys.append(block_keys)
            lines.append(block_lines)
        elif left:
            text = b"".join(line for _, line in left)
            blocks.append(Block(block.item, len(left), len(text)))
            keys.append(b"".join(key for key, _ in left))
            lines.append(text)
    if blocks == record.head.blocks:
        return payload
    return (
        Record(msgspec.structs.replace(record.head, blocks=blocks), keys, lines).encoded()
        if blocks
        else None
    )


def _pairs(keys: bytes, lines: bytes) -> Iterator[tuple[bytes, bytes]]:
    for number, line in enumerate(lines.splitlines(keepends=True)):
        yield keys[number * KEY_BYTES : (number + 1) * KEY_BYTES], line

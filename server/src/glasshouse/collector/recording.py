"""What the steps left of a request becomes one journal record: declared items, and counts."""

from collections.abc import Callable

import msgspec

from glasshouse.collector.parcel import Entry, Parcel, RefusedError, Verdict
from glasshouse.model import Block, Head, Line, Origin, Record, Refusal, repeat_key


def record_of(parcel: Parcel) -> Record:
    """The record of a request that went through all the steps."""
    by_path: dict[str, list[tuple[int, Entry]]] = {}
    for place, entry in enumerate(parcel.entries):
        if entry is not None:
            path = parcel.declaration(entry).path
            by_path.setdefault(path, []).append((place, entry))
    blocks, keys, lines = [], [], []
    for path, entries in by_path.items():
        block_keys = b"".join(_keys(parcel, entries))
        block_lines = _encode_lines([_line(parcel, place, entry) for place, entry in entries])
        blocks.append(Block(item=path, rows=len(entries), size=len(block_lines)))
        keys.append(block_keys)
        lines.append(block_lines)
    refusals = [_refusal(verdict, count) for verdict, count in parcel.refusal_counts().items()]
    return Record(_head(parcel, parcel.received, blocks, refusals), keys, lines)


def record_of_refusal(parcel: Parcel, refused: RefusedError) -> Record:
    """The record of a request refused as a whole: one item, or as many as it was split into."""
    items = max(parcel.received, 1)
    refusal = _refusal(Verdict(refused.outcome, refused.reason), items)
    return Record(_head(parcel, items, [], [refusal]), [], [])


def _head(parcel: Parcel, received: int, blocks: list[Block], refusals: list[Refusal]) -> Head:
    declarations = parcel.declarations
    return Head(
        product=parcel.product,
        door=parcel.door,
        received_at=parcel.received_at,
        received=received,
        blocks=blocks,
        refusals=refusals,
        digest=declarations.manifest.digest if declarations is not None else None,
    )


def _keys(parcel: Parcel, entries: list[tuple[int, Entry]]) -> list[bytes]:
    """What tells repeats: the natural key where the door has one, else the message id."""
    product, keys = parcel.product, parcel.keys
    if parcel.origin is Origin.SIMULATED:
        # Simulated items may be erased and sent once more; they repeat only each other.
        product += "\0simulated"
    if keys is not None:
        return [repeat_key(product, keys[place]) for place, _ in entries]
    return [repeat_key(product, entry.id) for _, entry in entries]


def _line(parcel: Parcel, place: int, entry: Entry) -> Line:
    version_field = parcel.declaration(entry).version_attribute
    version = entry.version
    if version_field is not None:
        version = getattr(entry.fields, version_field) or version
    return Line(
        at=entry.at,
        received_at=parcel.received_at,
        instance=entry.instance,
        fields=entry.fields,
        version=version,
        country=parcel.country,
        region=parcel.region,
        origin=parcel.origin.value,
        doubtful_time=place in parcel.doubtful,
        identities=entry.identities,
    )


def _refusal(verdict: Verdict, items: int) -> Refusal:
    return Refusal(
        outcome=verdict.outcome.value,
        reason=verdict.reason.value,
        items=items,
        item=verdict.item,
        field=verdict.field,
    )


_encode_lines: Callable[[list[Line]], bytes] = msgspec.json.Encoder().encode_lines

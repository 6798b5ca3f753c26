"""What the steps left of a request becomes one journal record: declared items, and counts."""

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from glasshouse.collector.declarations import Declaration
from glasshouse.collector.parcel import Entry, Parcel, RefusedError, Verdict
from glasshouse.model import Block, Head, Line, Origin, Outcome, Record, Refusal, repeat_keys


def record_of(parcel: Parcel) -> Record:
    """The record of a request that went through all the steps."""
    blocks, keys, lines = [], [], []
    for declaration, entries in parcel.groups():
        if entries:
            block_lines = _encode_lines(_lines(parcel, declaration, entries))
            blocks.append(Block(item=declaration.path, rows=len(entries), size=len(block_lines)))
            keys.append(_keys(parcel, entries))
            lines.append(block_lines)
    refusals = [_refusal(verdict, count) for verdict, count in parcel.refusal_counts().items()]
    return Record(_head(parcel, parcel.received, blocks, refusals), keys, lines)


def record_of_refusal(parcel: Parcel, refused: RefusedError) -> Record:
    """The record of a request refused as a whole: one item, or as many as it was split into."""
    items = max(parcel.received, 1)
    refusal = _refusal(Verdict(Outcome.REJECTED, refused.reason), items)
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


def _keys(parcel: Parcel, entries: list[tuple[int, Entry]]) -> bytes:
    """What tells repeats: the natural key where the door has one, else the message id."""
    product, keys = parcel.product, parcel.keys
    if parcel.origin is Origin.SIMULATED:
        # Simulated items may be erased and sent once more; they repeat only each other.
        product += "\0simulated"
    if keys is not None:
        return repeat_keys(product, [keys[place] for place, _ in entries])
    return repeat_keys(product, [entry.id for _, entry in entries])


def _lines(
    parcel: Parcel, declaration: Declaration, entries: list[tuple[int, Entry]]
) -> list[Line]:
    version_of = declaration.version_attribute
    received_at, country, region = parcel.received_at, parcel.country, parcel.region
    origin = parcel.origin.value
    lines = [
        Line(
            entry.at,
            received_at,
            entry.instance,
            entry.fields,
            (getattr(entry.fields, version_of) if version_of else None) or entry.version,
            country,
            region,
            origin,
            False,
            entry.identities,
        )
        for _, entry in entries
    ]
    if parcel.origins or parcel.doubtful:
        for index, (place, _) in enumerate(entries):
            lines[index] = replace(
                lines[index],
                origin=parcel.origins.get(place, parcel.origin).value,
                doubtful_time=place in parcel.doubtful,
            )
    return lines


def _refusal(verdict: Verdict, items: int) -> Refusal:
    return Refusal(
        outcome=verdict.outcome.value,
        reason=verdict.reason.value,
        items=items,
        item=verdict.item,
        field=verdict.field,
        version=verdict.version,
    )


_encode_lines: Callable[[list[Line]], bytes] = msgspec.json.Encoder().encode_lines

"""A record that is larger than a message becomes several, each a record of its own.

They are acknowledged together. If only some of them are stored, their sender comes back with all,
and the store collapses what it has.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from glasshouse.model import KEY_BYTES, Block, Head, Record, decode_record

ROOM_FOR_HEAD = 64 * 1024


@dataclass(frozen=True, slots=True)
class Portion:
    """Consecutive rows of one block."""

    block: Block
    keys: bytes
    lines: bytes


def split(payload: bytes, most_bytes: int) -> list[bytes]:
    """Payloads of at most `most_bytes`, as far as no single item is larger."""
    if len(payload) <= most_bytes:
        return [payload]
    record = decode_record(payload)
    accepted = sum(block.rows for block in record.head.blocks)
    groups = list(
        _grouped(_portions(record, most_bytes - ROOM_FOR_HEAD), most_bytes - ROOM_FOR_HEAD)
    )
    parts = []
    for number, group in enumerate(groups):
        rows = sum(portion.block.rows for portion in group)
        head = replace(
            record.head,
            blocks=[portion.block for portion in group],
            # What was not accepted is counted once, with the first.
            received=rows + (record.head.received - accepted if number == 0 else 0),
            refusals=record.head.refusals if number == 0 else [],
        )
        parts.append(_encoded(head, group))
    return parts


def _encoded(head: Head, group: list[Portion]) -> bytes:
    return Record(head, [p.keys for p in group], [p.lines for p in group]).encoded()


def _grouped(portions: Iterator[Portion], most_bytes: int) -> Iterator[list[Portion]]:
    group: list[Portion] = []
    size = 0
    for portion in portions:
        added = len(portion.keys) + len(portion.lines)
        if group and size + added > most_bytes:
            yield group
            group, size = [], 0
        group.append(portion)
        size += added
    if group:
        yield group


def _portions(record: Record, most_bytes: int) -> Iterator[Portion]:
    """The rows of every block in stretches of a fraction of a message."""
    for block, keys, text in zip(record.head.blocks, record.keys, record.lines, strict=True):
        lines = text.splitlines(keepends=True)
        first, size = 0, 0
        for place, line in enumerate(lines):
            if place > first and size + len(line) + KEY_BYTES > most_bytes // 8:
                yield _portion(block, keys, lines, first, place)
                first, size = place, 0
            size += len(line) + KEY_BYTES
        yield _portion(block, keys, lines, first, len(lines))


def _portion(block: Block, keys: bytes, lines: list[bytes], first: int, end: int) -> Portion:
    text = b"".join(lines[first:end])
    cut = replace(block, rows=end - first, size=len(text))
    return Portion(cut, keys[first * KEY_BYTES : end * KEY_BYTES], text)

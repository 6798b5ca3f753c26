"""Pieces without their repeats, written as flat lines that the store can read."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glasshouse.loading.arrivals import Piece
from glasshouse.model import KEY_BYTES, Position
from glasshouse.store import Portion

Group = tuple[str, str, str]  # product, item, door


@dataclass(frozen=True, slots=True)
class Sifted:
    """What is left of the pieces: by group the lines, their keys, and of which records they are;
    and repeats counted.
    """

    lines: Mapping[Group, list[bytes]]
    keys_of: Mapping[Group, list[bytes]]
    records: Mapping[Group, list[tuple[Position, int]]]
    duplicates: Mapping[tuple[str, str], int]  # by product and door

    @property
    def keys(self) -> bytes:
        """All keys."""
        return b"".join(key for keys in self.keys_of.values() for key in keys)


def join_keys(pieces: Iterable[Piece]) -> bytes:
    return b"".join(piece.keys for piece in pieces)


def sift(pieces: Sequence[Piece], repeated: NDArray[np.bool_]) -> Sifted:
    """Drop the items marked in `repeated`, which has one mark per key of all pieces."""
    lines: dict[Group, list[bytes]] = {}
    keys: dict[Group, list[bytes]] = {}
    records: dict[Group, list[tuple[Position, int]]] = {}
    duplicates: Counter[tuple[str, str]] = Counter()
    any_repeated = bool(repeated.any())
    start = 0
    for piece in pieces:
        stop = start + piece.rows
        marks = repeated[start:stop] if any_repeated else None
        start = stop
        kept = piece.rows
        kept_keys, kept_lines = piece.keys, piece.lines
        if marks is not None and marks.any():
            fresh = ~marks
            kept = int(fresh.sum())
            kept_keys = _kept_keys(piece.keys, fresh)
            kept_lines = b"".join(compress(piece.lines.splitlines(keepends=True), fresh))
            duplicates[piece.group[0], piece.group[2]] += piece.rows - kept
        if kept:
            lines.setdefault(piece.group, []).append(kept_lines)
            keys.setdefault(piece.group, []).append(kept_keys)
            records.setdefault(piece.group, []).append((piece.arrival.end, kept))
    return Sifted(lines, keys, records, duplicates)


def _kept_keys(keys: bytes, fresh: NDArray[np.bool_]) -> bytes:
    table = np.frombuffer(keys, dtype=np.uint8).reshape(-1, KEY_BYTES)
    return bytes(table[fresh].tobytes())


def write_portions(sifted: Sifted, directory: Path) -> list[Portion]:
    """One file per group. No sync: after a crash the journal is read again."""
    portions = []
    for number, (group, lines) in enumerate(sifted.lines.items()):
        product, item, door = group
        path = directory / f"{number}.ndjson"
        with path.open("wb") as file:
            file.writelines(lines)
        records = sifted.records[group]
        rows = sum(count for _, count in records)
        keys = b"".join(sifted.keys_of[group])
        portions.append(Portion(product, item, door, path, rows, keys, records))
    return portions


def clear(directory: Path) -> None:
    for path in directory.glob("*.ndjson"):
        path.unlink(missing_ok=True)

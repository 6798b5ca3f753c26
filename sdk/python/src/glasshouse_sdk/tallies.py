"""Counts of what was refused or dropped: reasons and numbers, never names or values.

Each line of the file is a reason and a number, appended with one write. A long file is summed up;
a process that appends in that very moment may lose its count, never an item.
"""

from __future__ import annotations

import os

from glasshouse_sdk.state import State

NAME = "tallies"
LONGEST = 16_384  # bytes


LOST = ("refused_by_collector", "rejected_by_collector", "not_carried", "dropped", "torn")
"""Reasons of items that were recorded and will never arrive."""


def lost(state: State) -> int:
    """How many items were recorded and will never arrive."""
    counts = read_tallies(state)
    return sum(counts.get(reason, 0) for reason in LOST)


def count(state: State, reason: str, number: int = 1) -> None:
    """Add to the count of one reason. Raises `OSError` where nothing can be written."""
    if _append(state, {reason: number}) > LONGEST:
        _sum_up(state)


def read_tallies(state: State) -> dict[str, int]:
    """How often each reason was met."""
    return _sums(state.read(NAME) or "")


def _sums(text: str) -> dict[str, int]:
    sums: dict[str, int] = {}
    for line in text.splitlines():
        reason, _, number = line.rpartition(" ")
        if reason and number.isdecimal():
            sums[reason] = sums.get(reason, 0) + int(number)
    return sums


def _append(state: State, counts: dict[str, int]) -> int:
    text = "".join(f"{reason} {number}\n" for reason, number in counts.items())
    descriptor = os.open(state.path(NAME), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, text.encode())
        return os.lseek(descriptor, 0, os.SEEK_END)
    finally:
        os.close(descriptor)


def _sum_up(state: State) -> None:
    aside = f"{NAME}.{os.getpid()}"
    try:
        os.rename(state.path(NAME), state.path(aside))
    except FileNotFoundError:  # another process sums up
        return
    _append(state, _sums(state.read(aside) or ""))
    os.unlink(state.path(aside))

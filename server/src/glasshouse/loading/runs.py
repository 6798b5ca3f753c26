"""A run: an immutable file of sorted 16-byte keys, searched many at a time.

Keys are hashes, so they are spread evenly: a table of fences (one per 64 keys or so, by leading
bits) leads each wanted key to a short stretch, and a few steps of bisection over all wanted keys
at once end the search. Cost grows with the number of runs, hardly with their length.

File: the high halves of all keys, then the low halves, as little-endian 64-bit numbers.
"""

import os
import secrets
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glasshouse.durability import sync_path
from glasshouse.model import KEY_BYTES
from glasshouse.store import KeyRun

KEYS_PER_FENCE = 64
WORD = 8


class RunDamagedError(Exception):
    """A run that the store lists and that is not there, or not as it was written."""


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
    """Keys in halves. Two arrays of one length."""

    high: NDArray[np.uint64]
    low: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.high)


def keys_from_bytes(data: bytes) -> Keys:
    """KEY_BYTES each, big-endian."""
    words = np.frombuffer(data, dtype=">u8").astype(np.uint64).reshape(-1, KEY_BYTES // WORD)
    return Keys(np.ascontiguousarray(words[:, 0]), np.ascontiguousarray(words[:, 1]))


def join_keys(parts: Sequence[Keys]) -> Keys:
    return Keys(
        np.concatenate([part.high for part in parts]), np.concatenate([part.low for part in parts])
    )


def sort_keys(keys: Keys) -> Keys:
    """By both halves."""
    order = _order(keys)
    return Keys(keys.high[order], keys.low[order])


def first_of_each(keys: Keys) -> NDArray[np.bool_]:
    """For each key: whether no earlier one is equal to it."""
    first = np.ones(len(keys), dtype=np.bool_)
    order = _order(keys)
    high, low = keys.high[order], keys.low[order]
    first[order[1:]] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    return first


def _order(keys: Keys) -> NDArray[np.int64]:
    """The places of the keys, the least first, of equal ones the earliest.

    Equal high halves do not happen by chance, so the sort by both, at twice the cost, is rare.
    """
    order = np.argsort(keys.high)
    high = keys.high[order]
    if bool((high[1:] == high[:-1]).any()):
        order = np.lexsort((keys.low, keys.high))
    return order


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Sorted keys and the fences to find one by."""

    listed: KeyRun
    keys: Keys
    fences: NDArray[np.int64]
    shift: int  # a key's high half, shifted right by this, is its fence

    @classmethod
    def of(cls, keys: Keys, listed: KeyRun | None = None) -> "Run":
        bits = max(1, (len(keys) // KEYS_PER_FENCE).bit_length())
        shift = 64 - bits
        bounds = np.arange(1 << bits, dtype=np.uint64) << np.uint64(shift)
        fences = np.append(np.searchsorted(keys.high, bounds), len(keys)).astype(np.int64)
        return cls(listed or KeyRun("", len(keys), 0, date.min), keys, fences, shift)

    @property
    def name(self) -> str:
        return self.listed.name

    def contains(self, wanted: Keys) -> NDArray[np.bool_]:
        """For each wanted key: whether it is in this run."""
        if not len(self.keys):
            return np.zeros(len(wanted), dtype=np.bool_)
        place = self._first_not_less(wanted.high)
        found = np.zeros(len(wanted), dtype=np.bool_)
        open_ = np.arange(len(wanted))
        while len(open_):  # once, but where high halves are equal and low ones are not
            at = place[open_]
            open_ = open_[at < len(self.keys)]
            at = place[open_]
            same = self.keys.high[at] == wanted.high[open_]
            open_, at = open_[same], at[same]
            hit = self.keys.low[at] == wanted.low[open_]
            found[open_[hit]] = True
            open_ = open_[~hit]
            place[open_] += 1
        return found

    def _first_not_less(self, high: NDArray[np.uint64]) -> NDArray[np.int64]:
        fence = (high >> np.uint64(self.shift)).astype(np.int64)
        low, top = self.fences[fence], self.fences[fence + 1]
        last = len(self.keys) - 1
        for _ in range(int((top - low).max(initial=0)).bit_length()):
            middle = (low + top) >> 1
            less = (self.keys.high[np.minimum(middle, last)] < high) & (middle < top)
            low = np.where(less, middle + 1, low)
            top = np.where(less, top, middle)
        return low


def write_run(directory: Path, keys: Keys, newest_day: date) -> Run:
    """Write sorted keys to a file of a new name, durably: file and directory are synced."""
    name = f"{newest_day:%Y%m%d}-{len(keys)}-{secrets.token_hex(6)}.keys"
    checksum = 0
    descriptor = os.open(directory / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for half in (keys.high, keys.low):
            data = half.astype("<u8", copy=False).data
            checksum = zlib.crc32(data, checksum)
            file.write(data)
        file.flush()
        os.fsync(file.fileno())
    sync_path(directory)
    return _mapped(directory, KeyRun(name, len(keys), checksum, newest_day))


def load_run(directory: Path, listed: KeyRun) -> Run:
    """Open a run that the store lists. Raises `RunDamagedError`."""
    path = directory / listed.name
    lost = f"{listed.keys} repeat keys are lost: items sent again may be stored twice"
    try:
        size = path.stat().st_size
    except OSError as error:
        raise RunDamagedError(f"{path}: found {error.strerror}, expected a file; {lost}") from None
    if size != listed.keys * KEY_BYTES:
        raise RunDamagedError(
            f"{path}: found {size} bytes, expected {listed.keys * KEY_BYTES}; {lost}"
        )
    run = _mapped(directory, listed)
    checksum = 0
    for half in (run.keys.high, run.keys.low):
        checksum = zlib.crc32(half.data, checksum)
    if checksum != listed.checksum:
        raise RunDamagedError(f"{path}: found another checksum than was written; {lost}")
    return run


def _mapped(directory: Path, listed: KeyRun) -> Run:
    words = np.memmap(directory / listed.name, dtype="<u8", mode="r").view(np.ndarray)
    high, low = words[: listed.keys], words[listed.keys :]
    return Run.of(Keys(high, low), listed)


def portions_of_run(directory: Path, listed: KeyRun, size: int) -> Iterator[bytes]:
    """All its keys, so many at a time, KEY_BYTES each. Raises `RunDamagedError`."""
    keys = load_run(directory, listed).keys
    for start in range(0, len(keys), size):
        words = np.empty((len(keys.high[start : start + size]), 2), dtype=">u8")
        words[:, 0], words[:, 1] = keys.high[start : start + size], keys.low[start : start + size]
        yield words.tobytes()

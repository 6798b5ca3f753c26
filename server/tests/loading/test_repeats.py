"""The index of keys is exact, survives a restart, forgets late, and says when it is damaged."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from glasshouse.loading import repeats
from glasshouse.loading.repeats import KEEP_DAYS, Repeats
from glasshouse.loading.runs import Run, keys_from_bytes, sort_keys
from glasshouse.store import KeyChange, KeyState

DAY = date(2026, 11, 1)


class Ledger:
    """What a store keeps of the keys, with the changes applied as the store applies them."""

    def __init__(self) -> None:
        self.state = KeyState()

    def commit(self, change: KeyChange) -> None:
        runs = tuple(r for r in self.state.runs if r.name not in change.removed) + change.added
        fresh = b"" if change.absorbed else self.state.fresh + change.fresh
        self.state = KeyState(runs, fresh, change.day)


def keys(*numbers: int) -> bytes:
    return b"".join(n.to_bytes(16, "big") for n in numbers)


def take(index: Repeats, ledger: Ledger, data: bytes, day: date = DAY) -> None:
    plan = index.plan(data, day)
    ledger.commit(plan.change)
    index.settle(plan)


def test_ten_thousand_random_keys_against_a_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small numbers of halves, so that equal high halves with other low halves are common."""
    monkeypatch.setattr(repeats, "FRESH_KEYS", 300)
    chance = np.random.default_rng(3)
    ledger, known = Ledger(), set()
    index = Repeats(tmp_path, ledger.state)
    for cycle in range(100):
        halves = chance.integers(0, 120, size=(100, 2)).astype(np.uint64)
        halves[:, 0] <<= np.uint64(57)
        data = halves.astype(">u8").tobytes()
        each = [data[n : n + 16] for n in range(0, len(data), 16)]
        expected, here = [], set()
        for key in each:
            expected.append(key in known or key in here)
            here.add(key)
        found = index.repeated(data)
        assert found.tolist() == expected
        take(index, ledger, b"".join(k for k, dup in zip(each, expected, strict=True) if not dup))
        known |= here
        if cycle % 30 == 29:
            index = Repeats(tmp_path, ledger.state)
            assert len(index) == len(known)
            assert index.problems == []
    assert {path.name for path in tmp_path.iterdir()} == {run.name for run in ledger.state.runs}


def test_extreme_keys_are_found() -> None:
    numbers = [0, 1, 2**64 - 1, 2**64, 2**127, 2**128 - 1]
    run = Run.of(sort_keys(keys_from_bytes(keys(*numbers))))
    assert run.contains(keys_from_bytes(keys(*numbers))).all()
    others = [2, 2**64 + 1, 2**127 - 1, 2**128 - 2]
    assert not run.contains(keys_from_bytes(keys(*others))).any()


def test_keys_are_kept_for_thirty_five_days_and_then_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats, "FRESH_KEYS", 1)
    ledger = Ledger()
    index = Repeats(tmp_path, ledger.state)
    take(index, ledger, keys(1))
    take(index, ledger, keys(2), DAY + timedelta(days=35))
    assert index.repeated(keys(1)).all()
    take(index, ledger, keys(3), DAY + timedelta(days=KEEP_DAYS + 1))
    assert index.repeated(keys(1, 2, 3)).tolist() == [False, True, True]
    assert len(list(tmp_path.iterdir())) == len(ledger.state.runs)


def test_a_cycle_that_did_not_commit_leaves_no_key_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats, "FRESH_KEYS", 1)
    ledger = Ledger()
    index = Repeats(tmp_path, ledger.state)
    index.plan(keys(1), DAY)
    assert len(list(tmp_path.iterdir())) == 1
    assert not index.repeated(keys(1)).any()
    index = Repeats(tmp_path, ledger.state)
    assert list(tmp_path.iterdir()) == []
    assert not index.repeated(keys(1)).any()


@pytest.mark.parametrize("damage", ["gone", "short", "flipped"])
def test_a_damaged_run_is_reported_and_the_others_serve_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setattr(repeats, "FRESH_KEYS", 1)
    ledger = Ledger()
    index = Repeats(tmp_path, ledger.state)
    take(index, ledger, keys(1))
    take(index, ledger, keys(2))
    first = tmp_path / ledger.state.runs[0].name
    data = first.read_bytes()
    if damage == "gone":
        first.unlink()
    else:
        first.write_bytes(data[:-1] if damage == "short" else data[:-1] + b"\xff")
    index = Repeats(tmp_path, ledger.state)
    assert len(index.problems) == 1
    assert first.name in index.problems[0]
    assert index.repeated(keys(2)).all()

"""kill -9 at every step of a cycle; after a restart the store is as if nothing had happened."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from loading_world import MemoryJournal, adds_up, build, events, fingerprint, line, record

from glasshouse.loading import repeats
from glasshouse.store.engines.duckdb import applying

STEPS = (
    "read",
    "follow",
    "sift",
    "write portions",
    "put aside",
    "plan keys",
    "read portions",
    "number identities",
    "insert rows",
    "note arrivals",
    "fold",
    "update accounting",
    "change keys",
    "move position",
    "commit",
    "committed",
    "settle",
    "trim",
)


def payloads() -> list[bytes]:
    """Thirty records with repeats, two kinds of items and something that cannot be loaded."""
    made = []
    for n in range(10):
        made.append(events(f"{n}", f"{n + 1}", f"x{n}", hours=n % 4, version=f"1.{n}"))
        made.append(record({"snapshot.host": [(f"h{n}", line(n, f"i{n % 3}", {"cores": n}))]}))
        made.append(b"rubbish" if n == 6 else events(f"y{n}", origin="simulated"))
    return made


def load(data: Path, kill_at: str | None = None, kill_in_cycle: int = 0) -> str:
    """Load all; every cycle makes a file of keys. Perhaps end the process at a step."""
    repeats.FRESH_KEYS = 3
    applying.FOLD_ROWS = 5
    cycles = 0

    def watch(step: str) -> None:
        nonlocal cycles
        cycles += step == "read"
        if step == kill_at and (cycles >= kill_in_cycle or step == "follow"):
            os.kill(os.getpid(), signal.SIGKILL)

    loader, store, _ = build(data, MemoryJournal(payloads()), cycle_bytes=700, watch=watch)
    while loader.cycle().records:
        pass
    assert adds_up(store)
    listed = {run.name for run in store.keys().runs}
    assert listed
    assert {path.name for path in (data / "store" / "keys").iterdir()} == listed
    answer = fingerprint(store)
    store.close()
    return answer


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repeats, "FRESH_KEYS", repeats.FRESH_KEYS)
        patch.setattr(applying, "FOLD_ROWS", applying.FOLD_ROWS)
        return load(tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.parametrize("step", STEPS)
def test_killed_at(
    step: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats, "FRESH_KEYS", repeats.FRESH_KEYS)
    monkeypatch.setattr(applying, "FOLD_ROWS", applying.FOLD_ROWS)
    child = subprocess.run(
        [sys.executable, __file__, str(tmp_path), step],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    assert load(tmp_path) == expected


if __name__ == "__main__":
    load(Path(sys.argv[1]), sys.argv[2], kill_in_cycle=4)

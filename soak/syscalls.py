"""Makes every write and sync of an ingest fail, one after the other, and counts afterwards.

A first run under strace counts the calls of an ingest in one thread. Then each of them in turn is
made to fail with EIO, with ENOSPC, by writing short, or by the death of the process. Whatever
happens then, everything acknowledged is in the store once, and nothing is acknowledged after a
sync that failed.
"""

import argparse
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.server import running

from soak.crashes import Ledger, acknowledged, check

CALLS = ("writev", "write", "pwrite64", "fdatasync", "fsync", "ftruncate", "rename", "unlink")
FAULTS: Mapping[str, tuple[str, ...]] = {
    "EIO": CALLS,
    "ENOSPC": ("writev", "write", "pwrite64", "ftruncate"),
    # strace can say that a write was short, but not write so much: only the journal, which takes a
    # short write for a failed one, can be asked to bear that.
    "short": ("writev",),
    "kill": CALLS,
}
INJECTIONS: Mapping[str, str] = {
    "EIO": "error=EIO",
    "ENOSPC": "error=ENOSPC",
    "short": "retval=20",
    "kill": "signal=KILL",
}
BATCHES = 4
CALL = re.compile(r"(?:\[pid +\d+\] |\d+ +)?([a-z0-9]+)\(")


@dataclass(frozen=True, slots=True)
class Fault:
    """The so-manieth call of a name is made to fail in a way."""

    call: str
    number: int
    way: str

    def tracer(self, data: Path) -> list[str]:
        inject = f"inject={self.call}:{INJECTIONS[self.way]}:when={self.number}"
        return [*_tracer(data, self.call, Path("/dev/null")), "-e", inject]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="take each so-manieth fault only")
    parser.add_argument("--calls", nargs="*", default=list(CALLS))
    parser.add_argument("--first", type=int, default=1, help="begin with the so-manieth")
    parser.add_argument("--jobs", type=int, default=3, help="so many servers at a time")
    options = parser.parse_args()
    counts = count_calls()
    print("calls of one ingest: " + ", ".join(f"{n} {name}" for name, n in counts.items()))
    faults = [fault for fault in all_faults(counts) if fault.call in options.calls]
    chosen = faults[options.first - 1 :: options.every]
    started, done = time.monotonic(), 0
    with ThreadPoolExecutor(options.jobs) as pool:
        try:
            for fault, ledger in zip(chosen, pool.map(ingest_with, chosen), strict=True):
                done += 1
                sys.stdout.write(
                    f"\r{done}/{len(chosen)} {fault.call} {fault.number} {fault.way}: "
                    f"{ledger.acknowledged} acknowledged, 0 lost, 0 twice    "
                )
                sys.stdout.flush()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    print(f"\n{done} faults in {time.monotonic() - started:.0f} s: 0 lost, 0 counted twice")


def all_faults(counts: Mapping[str, int]) -> list[Fault]:
    return [
        Fault(call, number, way)
        for way, calls in FAULTS.items()
        for call in calls
        for number in range(1, counts.get(call, 0) + 1)
    ]


def count_calls() -> Counter[str]:
    """How often an ingest calls what, from start to stop."""
    counts: Counter[str] = Counter()
    for call in CALLS:
        with tempfile.TemporaryDirectory() as home:
            data, trace = Path(home) / "data", Path(home) / "trace"
            _ingest(data, Ledger(), _tracer(data, call, trace))
            found = (CALL.match(line) for line in trace.read_text().splitlines())
            counts.update(match.group(1) for match in found if match)
    return counts


def _tracer(data: Path, call: str, output: Path) -> list[str]:
    tracer = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", str(output), "-e", f"trace={call}"]
    # `write` also goes to the terminal and wakes the event loop; the store's log is what matters.
    return [*tracer, "-P", str(data / "store/glasshouse.duckdb.wal")] if call == "write" else tracer


def ingest_with(fault: Fault) -> Ledger:
    """An ingest that meets the fault, and a second life that must know everything acknowledged."""
    home = Path(tempfile.mkdtemp())
    try:
        ledger = Ledger()
        # It may not start, or end: what it acknowledged before counts all the same.
        with suppress(OSError, RuntimeError, TimeoutError):
            _ingest(home / "data", ledger, fault.tracer(home / "data"))
        chance = random.Random(1)
        with running(home / "data") as server:
            check(server, ledger)
            for batch in list(_unacknowledged(ledger, chance)):
                ledger.settle(batch, acknowledged=acknowledged(server, batch))
            check(server, ledger)
            (row,) = server.sql("select count(*) as items from bench.event_job_finished")
            assert row["items"] == ledger.acknowledged == ledger.next_number, (fault, row, ledger)
        return ledger
    finally:
        shutil.rmtree(home)


def _unacknowledged(ledger: Ledger, chance: random.Random) -> Iterator[list[dict[str, object]]]:
    while ledger.waiting:
        yield ledger.take(chance)


def _ingest(data: Path, ledger: Ledger, tracer: Sequence[str]) -> None:
    """A server of one thread takes a few batches, loads them, and stops."""
    chance = random.Random(2)
    batches = [ledger.take(chance) for _ in range(BATCHES)]
    left = list(batches)
    try:
        with running(data, under=tracer, one_thread="1", load_every="0.1") as server:
            for batch in batches:
                took = acknowledged(server, batch)
                left.remove(batch)
                ledger.settle(batch, acknowledged=took)
                time.sleep(0.05)
            time.sleep(0.3)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(str(error)) from None
    finally:
        for batch in left:
            ledger.settle(batch, acknowledged=False)


if __name__ == "__main__":
    main()

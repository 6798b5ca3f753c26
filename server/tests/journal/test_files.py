"""The file journal: what was acknowledged is read back, whatever happened to the files."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from glasshouse.journal import Damage, Journal, JournalBrokenError, open_journal
from glasshouse.journal.engines.files.frame import HEADER
from glasshouse.journal.engines.files.journal import FileJournal
from glasshouse.journal.engines.files.segments import segment_numbers, segment_path
from glasshouse.model import Position

START = Position(0, 0)
DAMAGE: list[Damage] = []


def opened(directory: Path, *, threaded: bool = True, floor: Position = START) -> Journal:
    DAMAGE.clear()
    return open_journal(directory, floor=floor, report=DAMAGE.append, threaded=threaded)


def append_all(journal: Journal, payloads: list[bytes]) -> None:
    async def run() -> None:
        await asyncio.gather(*[journal.append(payload) for payload in payloads])

    asyncio.run(run())


def read_all(journal: Journal, after: Position = START) -> list[bytes]:
    return [payload for payload, _ in journal.read(after, 1 << 30)]


@pytest.mark.parametrize("threaded", [True, False])
def test_appended_payloads_are_read_in_order(tmp_path, threaded):
    journal = opened(tmp_path, threaded=threaded)
    payloads = [b"%d" % n * (n % 50 + 1) for n in range(2000)]
    append_all(journal, payloads)
    assert read_all(journal) == payloads
    journal.close()
    assert read_all(opened(tmp_path, threaded=threaded)) == payloads


def test_reading_goes_on_from_any_position_and_respects_the_limit(tmp_path):
    journal = opened(tmp_path)
    payloads = [b"x" * 100 + b"%d" % n for n in range(100)]
    append_all(journal, payloads)
    seen, position = [], START
    while True:
        step = list(journal.read(position, 1000))
        if not step:
            break
        assert len(step) <= 10
        seen += [payload for payload, _ in step]
        position = step[-1][1]
    assert seen == payloads
    journal.close()


def test_noted_payloads_come_with_the_next_group(tmp_path):
    journal = opened(tmp_path)
    journal.note(b"refused")
    append_all(journal, [b"accepted"])
    assert read_all(journal) == [b"refused", b"accepted"]
    journal.close()


def test_segments_roll_and_are_trimmed_once_read(tmp_path):
    journal = FileJournal(
        tmp_path, floor=START, report=DAMAGE.append, segment_bytes=1000, threaded=False
    )
    for n in range(50):
        append_all(journal, [b"%03d" % n * 30])
    assert len(segment_numbers(tmp_path)) > 3
    *_, (_, end) = journal.read(START, 1 << 30)
    journal.trim(end)
    assert segment_numbers(tmp_path) == [end.segment]
    append_all(journal, [b"after"])
    assert read_all(journal, end) == [b"after"]
    journal.close()


def test_a_new_process_never_writes_at_or_before_what_the_store_has_loaded(tmp_path):
    """Even if the journal directory was lost, the loader must not skip what comes next."""
    journal = opened(tmp_path, floor=Position(7, 4096))
    append_all(journal, [b"new"])
    assert read_all(journal, Position(7, 4096)) == [b"new"]
    journal.close()


def test_a_torn_tail_loses_nothing_before_it(tmp_path):
    journal = opened(tmp_path)
    append_all(journal, [b"one", b"two"])
    journal.close()
    path = segment_path(tmp_path, segment_numbers(tmp_path)[0])
    with path.open("ab") as file:
        file.write(path.read_bytes()[:10])
    journal = opened(tmp_path)
    append_all(journal, [b"three"])
    assert read_all(journal) == [b"one", b"two", b"three"]
    assert [damage.reason for damage in DAMAGE] == ["an incomplete record at the end"]
    read_all(journal)
    assert len(DAMAGE) == 1, "damage is reported once"
    journal.close()


def test_a_bit_flipped_at_each_byte_loses_at_most_the_record_hit(tmp_path):
    payloads = [b"record %d " % n + bytes(range(n, n + 20)) for n in range(8)]
    journal = opened(tmp_path, threaded=False)
    append_all(journal, payloads)
    journal.close()
    path = segment_path(tmp_path, segment_numbers(tmp_path)[0])
    whole = path.read_bytes()
    size = HEADER.size + len(payloads[0])
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        reader = opened(tmp_path, threaded=False)
        hit = at // size
        assert read_all(reader) == payloads[:hit] + payloads[hit + 1 :], f"bit flipped at {at}"
        assert len(DAMAGE) == 1, f"bit flipped at {at}"
        reader.close()


def test_a_failed_sync_is_not_acknowledged_and_the_next_group_begins_a_segment(
    tmp_path, monkeypatch
):
    """The kernel may drop the pages of a failed sync and report success the next time."""
    journal = opened(tmp_path, threaded=False)
    append_all(journal, [b"before"])
    real, failures = os.fdatasync, [OSError(5, "Input/output error")]

    def failing(descriptor: int) -> None:
        if failures:
            raise failures.pop()
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", failing)
    with pytest.raises(JournalBrokenError):
        append_all(journal, [b"lost"])
    append_all(journal, [b"after"])
    assert read_all(journal) == [b"before", b"after"]
    assert len(segment_numbers(tmp_path)) == 2
    journal.close()
    assert read_all(opened(tmp_path)) == [b"before", b"after"]


def test_a_full_disk_fails_the_append_and_recovers_without_restart(tmp_path, monkeypatch):
    journal = opened(tmp_path, threaded=False)
    real, full = os.writev, [True]

    def writev(descriptor: int, parts: list[bytes]) -> int:
        if full:
            os.write(descriptor, parts[0][:3])  # a short write before the disk is full
            raise OSError(28, "No space left on device")
        return real(descriptor, parts)

    monkeypatch.setattr(os, "writev", writev)
    for _ in range(3):
        with pytest.raises(JournalBrokenError):
            append_all(journal, [b"refused"])
    full.clear()
    append_all(journal, [b"after"])
    assert read_all(journal) == [b"after"]
    journal.close()


WRITER = """
import asyncio, sys
from pathlib import Path
from glasshouse.journal import open_journal
from glasshouse.model import Position
journal = open_journal(Path(sys.argv[1]), floor=Position(0, 0), report=print)
async def one(n):
    await journal.append(b"%d:" % n + b"x" * 500)
    print(n, flush=True)
async def main():
    n = 0
    while True:
        await asyncio.gather(*[one(n + i) for i in range(20)])
        n += 20
asyncio.run(main())
"""


def test_what_was_acknowledged_before_kill_9_is_read_afterwards(tmp_path):
    acknowledged: set[int] = set()
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for _ in range(300):
            acknowledged.add(int(process.stdout.readline()))
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read()
        process.wait()
        process.stdout.close()
        acknowledged |= {int(line) for line in rest.split("\n")[:-1] if line}
    found = {int(payload.split(b":")[0]) for payload in read_all(opened(tmp_path))}
    assert acknowledged <= found


def test_without_its_thread_it_may_be_rolled_while_it_is_appended_to(tmp_path):
    """An erasure, in a thread of the server's pool, ends the segment between two requests."""
    journal = open_journal(tmp_path, floor=Position(0, 0), report=print, threaded=False)
    stop = threading.Event()

    def roll() -> None:
        while not stop.is_set():
            journal.roll()

    async def append() -> int:
        done = 0
        for number in range(300):
            with contextlib.suppress(JournalBrokenError):
                await journal.append(b"%d" % number)
                done += 1
        return done

    roller = threading.Thread(target=roll)
    roller.start()
    try:
        assert asyncio.run(append()) == 300
    finally:
        stop.set()
        roller.join()
    found = [payload for payload, _ in journal.read(Position(0, 0), 1 << 30)]
    assert found == [b"%d" % number for number in range(300)]
    journal.close()

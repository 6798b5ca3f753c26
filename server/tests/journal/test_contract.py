"""What every journal does, whichever engine is behind it: in files, and in a real NATS cluster."""

import asyncio
import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from glasshouse.journal import Journal, open_journal
from glasshouse.model import Position

START = Position(0, 0)

pytestmark = pytest.mark.xdist_group("nats")

Open = Callable[..., Journal]


@pytest.fixture(params=["files", "nats"])
def opened(request, tmp_path) -> Open:
    """Opens the same journal again and again."""
    if request.param == "files":
        return lambda floor=START: open_journal(tmp_path, floor=floor, report=_not_damaged)
    jetstream = request.getfixturevalue("jetstream_of_one")
    return lambda floor=START: open_journal(
        tmp_path, floor=floor, report=_not_damaged, jetstream=jetstream
    )


def _not_damaged(damage: object) -> None:
    raise AssertionError(f"nothing is damaged, found {damage}")


def append_all(journal: Journal, payloads: list[bytes]) -> None:
    async def run() -> None:
        for start in range(0, len(payloads), 100):
            group = payloads[start : start + 100]
            await asyncio.gather(*[journal.append(payload) for payload in group])

    asyncio.run(run())


def read_all(journal: Journal, after: Position = START) -> list[tuple[bytes, Position]]:
    """As the loader reads: until there is nothing more. The server read from may lag a little."""
    found: list[tuple[bytes, Position]] = []
    for _ in range(3):
        while part := list(journal.read(found[-1][1] if found else after, 1 << 20)):
            found += part
        time.sleep(0.05)
    return found


def payloads_of(journal: Journal, after: Position = START) -> list[bytes]:
    return [payload for payload, _ in read_all(journal, after)]


def test_what_is_acknowledged_is_read_and_read_again(opened):
    journal = opened()
    payloads = [b"%d." % n * (n % 50 + 1) for n in range(1000)]
    append_all(journal, payloads)
    assert sorted(payloads_of(journal)) == sorted(payloads)
    assert sorted(payloads_of(journal)) == sorted(payloads)
    journal.close()
    again = opened()
    assert sorted(payloads_of(again)) == sorted(payloads), "another process reads the same"
    again.close()


def test_positions_are_ordered_and_reading_goes_on_behind_any_of_them(opened):
    journal = opened()
    append_all(journal, [b"%d" % n for n in range(50)])
    found = read_all(journal)
    positions = [position for _, position in found]
    assert all(one < other for one, other in pairwise(positions))
    for place in (0, 17, 49):
        rest = [payload for payload, _ in found[place + 1 :]]
        assert payloads_of(journal, positions[place]) == rest
    journal.close()
    assert read_all(opened()) == found, "positions mean the same to another process"


def test_a_read_takes_about_as_much_as_it_may(opened):
    journal = opened()
    payloads = [b"x" * 100 + b"%d" % n for n in range(100)]
    append_all(journal, payloads)
    seen, position = [], START
    while step := list(journal.read(position, 1000)):
        assert len(step) <= 10
        seen += [payload for payload, _ in step]
        position = step[-1][1]
    assert sorted(seen) == sorted(payloads)
    journal.close()


def test_what_came_after_a_read_is_read_from_its_end(opened):
    journal = opened()
    position, found = START, []
    for n in range(5):
        append_all(journal, [b"%d" % n])
        ((payload, position),) = journal.read(position, 1 << 20)
        found.append(payload)
    assert found == [b"0", b"1", b"2", b"3", b"4"]
    assert list(journal.read(position, 1 << 20)) == []
    journal.close()


def test_two_read_at_once(opened):
    """The loader, and whoever asks for the accounting."""
    journal = opened()
    append_all(journal, [b"%d" % n for n in range(20)])
    one, other = journal.read(START, 1 << 20), journal.read(START, 1 << 20)
    assert [next(one)[0] for _ in range(10)] == [next(other)[0] for _ in range(10)]
    assert [payload for payload, _ in one] == [payload for payload, _ in other]
    journal.close()


def test_noted_payloads_come_by_themselves(opened):
    journal = opened()
    journal.note(b"refused")
    append_all(journal, [b"accepted"])
    journal.close()
    again = opened()
    assert sorted(payloads_of(again)) == [b"accepted", b"refused"]
    again.close()


def test_after_a_roll_all_that_came_before_can_be_forgotten(opened):
    journal = opened()
    append_all(journal, [b"%d" % n for n in range(30)])
    end = journal.roll()
    append_all(journal, [b"after"])
    before = [(p, position) for p, position in read_all(journal) if p != b"after"]
    assert len(before) == 30
    assert all(position <= end for _, position in before)
    journal.trim(before[-1][1])
    assert payloads_of(journal) == [b"after"]
    assert payloads_of(journal, before[-1][1]) == [b"after"]
    journal.close()
    again = opened(before[-1][1])
    assert payloads_of(again) == [b"after"]
    again.close()


def test_nothing_behind_a_position_is_forgotten(opened):
    journal = opened()
    append_all(journal, [b"%d" % n for n in range(10)])
    found = read_all(journal)
    journal.trim(found[4][1])
    assert payloads_of(journal, found[4][1]) == [payload for payload, _ in found[5:]]
    journal.roll()
    journal.trim(found[4][1])
    assert payloads_of(journal, found[4][1]) == [payload for payload, _ in found[5:]]
    journal.close()


def test_what_comes_lies_behind_what_the_store_has_loaded(opened):
    """Even if the journal was lost: the loader must not pass over what comes next."""
    journal = opened(Position(7, 4096))
    append_all(journal, [b"new"])
    assert payloads_of(journal, Position(7, 4096)) == [b"new"]
    journal.close()


def test_size_and_syncs_say_what_happened(opened):
    journal = opened()
    assert journal.size() == 0
    append_all(journal, [b"x" * 1000] * 50)
    assert 50_000 < journal.size() < 60_000
    syncs = journal.syncs()
    assert 0 < sum(syncs.counts) <= 51
    assert syncs.seconds > 0
    assert syncs.failures == 0
    assert journal.damages() == []
    journal.close()


@pytest.mark.parametrize("opened", ["nats"], indirect=True)
def test_another_reader_goes_on_at_any_position(opened):
    """Loaders have no state: one that dies is followed by another on another machine."""
    one, other = opened(), opened()
    append_all(one, [b"%d" % n for n in range(20)])
    first = list(one.read(START, 10))
    assert payloads_of(other, first[-1][1]) == [b"%d" % n for n in range(len(first), 20)]
    other.trim(first[-1][1])
    assert len(payloads_of(one)) == 20 - len(first)
    one.close()
    other.close()

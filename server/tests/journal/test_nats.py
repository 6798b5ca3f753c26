"""The journal in a real NATS cluster: servers that are killed, streams that are full, bytes."""

import asyncio
import threading
import time
from datetime import UTC, datetime

import pytest
from cluster.nats import NatsCluster
from cluster.process import started

from glasshouse.jetstream import Address, AddressError, JetStream, JetStreamUnavailableError
from glasshouse.journal import JournalBrokenError, open_journal
from glasshouse.journal.engines.nats.generations import Generation, Generations
from glasshouse.journal.engines.nats.journal import NatsJournal
from glasshouse.journal.engines.nats.splitting import split
from glasshouse.model import KEY_BYTES, Block, Head, Position, Record, Refusal, decode_record

START = Position(0, 0)
SEVERAL = 1 << 30

pytestmark = pytest.mark.xdist_group("nats")


def opened(jetstream: JetStream, **options) -> NatsJournal:
    return NatsJournal(jetstream, floor=START, report=print, **options)


async def append_all(journal, payloads):
    return await asyncio.gather(*map(journal.append, payloads), return_exceptions=True)


def read_all(jetstream: JetStream, records: int = 0) -> list[bytes]:
    """What all partitions hold: so many, though the servers read from may lag."""
    give_up = time.monotonic() + 10
    while len(found := read_once(jetstream)) < records and time.monotonic() < give_up:
        time.sleep(0.1)
    return found


def read_once(jetstream: JetStream) -> list[bytes]:
    found = []
    for partition in range(jetstream.address.partitions):
        journal, position = opened(jetstream, partition=partition), START
        while part := list(journal.read(position, SEVERAL)):
            found += [payload for payload, _ in part]
            position = part[-1][1]
        journal.close()
    return found


def find(nats, needle: bytes) -> list[str]:
    """The files of all servers that hold these bytes."""
    files = [path for store in nats.stores for path in store.rglob("*") if path.is_file()]
    return [str(path) for path in files if needle in _bytes_of(path)]


def _bytes_of(path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # a server tidies up
        return b""


def test_appends_are_spread_over_all_partitions(jetstream):
    journal = opened(jetstream)
    asyncio.run(append_all(journal, [b"%d" % n for n in range(10)]))
    journal.close()
    parts = [
        len(list(opened(jetstream, partition=n).read(START, SEVERAL)))
        for n in range(jetstream.address.partitions)
    ]
    assert parts == [5, 5]


@pytest.mark.slow
def test_what_was_acknowledged_is_there_after_its_leader_was_killed(nats, jetstream):
    """And hardly one is refused: another partition has a leader, or this one soon."""
    journal = opened(jetstream)
    acknowledged, refused, waits = [], [], []
    stop = threading.Event()

    async def append() -> None:
        n = 0
        while not stop.is_set():
            payloads = [b"%06d" % (n + i) for i in range(20)]
            started = time.monotonic()
            answers = await append_all(journal, payloads)
            waits.append(time.monotonic() - started)
            for payload, answer in zip(payloads, answers, strict=True):
                (acknowledged if answer is None else refused).append(payload)
            n += 20
            await asyncio.sleep(0.01)

    appending = threading.Thread(target=lambda: asyncio.run(append()))
    appending.start()
    time.sleep(1)
    leader = nats.leader_of(f"{jetstream.address.name}_journal_0_1")
    nats.nodes[leader].kill()
    time.sleep(8)
    nats.start()
    stop.set()
    appending.join()
    journal.close()
    found = read_all(jetstream, len(acknowledged))
    assert len(acknowledged) > 500
    assert set(acknowledged) <= set(found)
    assert len(refused) < len(acknowledged) / 20
    assert max(waits) < 10, "told to come back before a client gives up"


@pytest.mark.slow
def test_without_a_majority_nothing_is_acknowledged_and_it_recovers_by_itself(nats, jetstream):
    journal = opened(jetstream)
    assert asyncio.run(append_all(journal, [b"before"])) == [None]
    *killed, _ = nats.nodes.values()
    for node in killed:
        node.kill()
    started = time.monotonic()
    answers = asyncio.run(append_all(journal, [b"lost %d" % n for n in range(5)]))
    assert all(isinstance(answer, JournalBrokenError) for answer in answers)
    assert time.monotonic() - started < 10, "told to come back before a client gives up"
    assert journal.syncs().failures == 5
    nats.start()
    give_up = time.monotonic() + 30
    while asyncio.run(append_all(journal, [b"after"])) != [None]:
        assert time.monotonic() < give_up
    assert {b"before", b"after"} <= set(read_all(jetstream))
    journal.close()


def test_a_full_stream_refuses_and_drops_nothing(jetstream_of_one):
    journal = opened(jetstream_of_one, stream_bytes=100_000)
    payloads = [b"%03d" % n + b"x" * 2000 for n in range(60)]

    async def one_by_one():
        return [(await append_all(journal, [payload]))[0] for payload in payloads[:45]]

    answers = asyncio.run(one_by_one())
    assert answers == [None] * 45
    [answer] = asyncio.run(append_all(journal, payloads[45:46] * 1 + []))
    while answer is None:  # what a message takes besides is the server's to say
        [answer] = asyncio.run(append_all(journal, [b"y" * 2000]))
    assert isinstance(answer, JournalBrokenError)
    assert "maximum bytes" in str(answer)
    found = list(journal.read(START, SEVERAL))
    assert {p for p, _ in found} >= set(payloads[:45])
    journal.trim(found[-1][1])
    assert asyncio.run(append_all(journal, [b"room again"])) == [None]
    journal.close()


def test_more_than_may_be_in_flight_is_refused_at_once(jetstream):
    journal = opened(jetstream, most_in_flight=1000)
    answers = asyncio.run(append_all(journal, [b"x" * 600] * 3))
    assert answers[0] is None
    assert isinstance(answers[1], JournalBrokenError)
    assert asyncio.run(append_all(journal, [b"x" * 600])) == [None]
    journal.close()


def test_a_closed_connection_acknowledges_nothing(jetstream):
    journal = opened(jetstream)
    jetstream.close()
    [answer] = asyncio.run(append_all(journal, [b"late"]))
    assert isinstance(answer, JournalBrokenError)
    with pytest.raises(JournalBrokenError, match="closed"):
        list(journal.read(START, SEVERAL))


def test_forgotten_bytes_are_on_no_disk(nats, jetstream_of_one):
    """While records keep coming; JetStream's own purge leaves the bytes in the last block."""
    needle = b"bytes of somebody who asked to be forgotten"
    journal = opened(jetstream_of_one)
    asyncio.run(append_all(journal, [b"other %d" % n for n in range(20)] + [needle]))
    assert len(find(nats, needle)) >= 3, "the search would find them"
    end = journal.roll()
    asyncio.run(append_all(journal, [b"later %d" % n for n in range(20)]))
    position = START
    while position < end:
        *_, (_, position) = journal.read(position, SEVERAL)
    journal.trim(position)
    give_up = time.monotonic() + 30
    while (found := find(nats, needle)) and time.monotonic() < give_up:
        time.sleep(0.1)
    assert found == []
    assert [p for p, _ in journal.read(position, SEVERAL)] == [b"later %d" % n for n in range(20)]
    journal.close()


def test_what_is_left_in_an_old_generation_is_not_lost(jetstream_of_one):
    """A loader that was held up makes a stream anew that others have deleted; somebody appends."""
    journal = opened(jetstream_of_one)
    asyncio.run(append_all(journal, [b"first"]))
    for _ in range(2):
        journal.roll()
    asyncio.run(append_all(journal, [b"second"]))
    position = START
    while part := list(journal.read(position, SEVERAL)):
        position = part[-1][1]
        journal.trim(position)
    assert position == Position(3, 1)
    generations = Generations(jetstream_of_one)
    jetstream_of_one.call(generations.begin(Generation(0, 1)))
    subject = generations.subject(Generation(0, 1))
    jetstream_of_one.call(jetstream_of_one.context.publish(subject, b"strayed"))
    journal.trim(position)
    assert [payload for payload, _ in journal.read(position, SEVERAL)] == [b"strayed"]
    assert jetstream_of_one.call(generations.all_of(0)) == [Generation(0, 3)]
    journal.close()


def test_streams_made_anew_begin_behind_what_was_loaded(jetstream_of_one):
    """They were lost; a collector made one and appended before any loader came."""
    journal = opened(jetstream_of_one)
    asyncio.run(append_all(journal, [b"early"]))
    journal.close()
    floor = Position(4, 1000)
    journal = open_journal(None, floor=floor, report=print, jetstream=jetstream_of_one)
    assert [payload for payload, _ in journal.read(floor, SEVERAL)] == [b"early"]
    journal.close()


def record_of(rows: int, line: bytes) -> bytes:
    blocks = [Block(item=f"event.{name}", rows=rows, size=rows * len(line)) for name in "ab"]
    head = Head(
        product="p",
        door="native",
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
        received=2 * rows + 3,
        blocks=blocks,
        refusals=[Refusal("rejected", "wrong_type", 3)],
    )
    keys = [b"".join(n.to_bytes(KEY_BYTES) for n in range(rows))] * 2
    return Record(head, keys, [line * rows] * 2).encoded()


def test_a_record_larger_than_a_message_is_split(jetstream):
    whole = decode_record(record_of(2500, b'{"x":"' + b"y" * 2000 + b'"}\n'))
    journal = opened(jetstream)
    assert asyncio.run(append_all(journal, [whole.encoded()])) == [None]
    parts = [decode_record(payload) for payload in read_all(jetstream, 2)]
    assert len(parts) == 2
    assert sum(part.head.received for part in parts) == whole.head.received
    assert sum(len(part.head.refusals) for part in parts) == 1
    for item in ("event.a", "event.b"):
        keys, lines = b"", 0
        for part in sorted(parts, key=lambda part: part.head.refusals == []):
            for block, key, line in zip(part.head.blocks, part.keys, part.lines, strict=True):
                if block.item == item:
                    assert block.rows == len(key) // KEY_BYTES == line.count(b"\n")
                    keys, lines = keys + key, lines + block.rows
        assert (keys, lines) == (whole.keys[0], 2500)
    journal.close()


def test_a_record_that_fits_is_left_as_it_is():
    payload = record_of(3, b"{}\n")
    assert split(payload, 10_000) == [payload]


def test_old_servers_are_warned_of_once_and_small_messages_refused(nats, tmp_path):
    warnings: list[str] = []
    JetStream(Address.parse(nats.address), warn=warnings.append).close()
    assert len(warnings) == 1
    assert "sync_interval: always" in warnings[0]
    with started(NatsCluster(tmp_path, nodes=1, max_payload=1 << 20)) as small:
        with pytest.raises(JetStreamUnavailableError, match="max_payload: 8MB"):
            JetStream(Address.parse(small.address), warn=warnings.append)
        address = small.address
    with pytest.raises(JetStreamUnavailableError, match="no answer"):
        JetStream(Address.parse(address), patience=1)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("http://a:1", "found no address"),
        ("nats://", "found no address"),
        ("nats://a:1:2", "found the host 'a:1:2'"),
        ("nats://a?partitions=0", "expected 1 to 256"),
        ("nats://a?replicas=2", "expected 1, 3 or 5"),
        ("nats://a?colour=red", "found 'colour', expected partitions or replicas"),
    ],
)
def test_a_wrong_address_is_refused_with_what_is_expected(text, problem):
    with pytest.raises(AddressError, match=problem.replace("?", r"\?")):
        Address.parse(text)


def test_an_address_is_read():
    assert Address.parse("nats://a:1,b") == Address(("a:1", "b:4222"))
    assert Address.parse("nats://a:1,nats://b:2").hosts == ("a:1", "b:2")
    address = Address.parse("tls://u:p%40w@a,b/north?partitions=8&replicas=1")
    assert (address.name, address.partitions, address.replicas) == ("north", 8, 1)
    assert address.urls == ["tls://u:p%40w@a:4222", "tls://u:p%40w@b:4222"]

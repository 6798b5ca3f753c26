"""The small state in a real NATS cluster: what one changes, all have, and nobody has it twice."""

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from glasshouse.jetstream import Cursor
from glasshouse.people.shared_database import SharedDatabase
from glasshouse.replication import (
    Change,
    ConflictError,
    File,
    Replica,
    ReplicaUnavailableError,
    Statement,
    replica,
)

pytestmark = pytest.mark.xdist_group("nats")

TABLE = "create table notes (number integer primary key autoincrement, text text unique)"


@pytest.fixture
def copies(connect, tmp_path):
    """Makes replicas, each with a connection and a directory of its own."""
    made: list[Replica] = []

    def copy() -> Replica:
        made.append(Replica(connect(), tmp_path / f"copy{len(made)}"))
        return made[-1]

    yield copy
    for each in made:
        each.close()


def texts(each: Replica) -> list[str]:
    each.catch_up()
    return [text for (text,) in each.copy.connection.execute("select text from notes order by 1")]


def note(each: Replica, text: str) -> None:
    each.change(lambda: [Statement("insert into notes (text) values (?)", [[text]])])


def test_a_copy_has_what_was_changed_before_and_what_others_change(copies):
    first = copies()
    first.write("catalogue/p/product.json", b"one")
    first.change(lambda: [Statement(TABLE, [[]])])
    note(first, "one")
    second = copies()
    assert (second.directory / "catalogue/p/product.json").read_bytes() == b"one"
    assert texts(second) == ["one"]
    note(second, "two")
    assert texts(first) == ["one", "two"]


def test_what_was_changed_before_is_seen_though_the_server_read_from_lags(copies, monkeypatch):
    first, second = copies(), copies()
    first.change(lambda: [Statement(TABLE, [[]])])
    assert texts(second) == []

    async def nothing(_cursor: Cursor, _bytes: int) -> bool:
        return False

    monkeypatch.setattr(Cursor, "fetch", nothing)  # as of a server that has nothing new yet
    for text in ("one", "two", "three"):
        note(first, text)
    assert texts(second) == ["one", "three", "two"]


def test_a_change_elsewhere_is_seen_within_a_second_and_told(copies):
    first, second = copies(), copies()
    told = threading.Event()
    paths: list[str] = []
    second.watch("catalogue/", lambda found: (paths.extend(found), told.set()))
    first.write("other", b"x")
    first.write("catalogue/x", b"x")
    assert told.wait(5)
    assert paths == ["catalogue/x"]
    assert (second.directory / "other").read_bytes() == b"x"


def test_of_two_who_make_the_same_file_one_is_first(copies):
    several = [copies() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(lambda n: several[n].once("secrets/key", lambda: b"%d" % n), range(3)))
    assert len(set(made)) == 1
    assert (copies().directory / "secrets/key").read_bytes() == made[0]


def test_lines_of_several_are_all_there_each_once(copies):
    several = [copies() for _ in range(2)]

    def append(n: int) -> None:
        for i in range(15):
            several[n].append("list.jsonl", b"%d %d\n" % (n, i))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(append, range(2)))
    third = copies()
    lines = (third.directory / "list.jsonl").read_bytes().splitlines()
    assert sorted(lines) == sorted(b"%d %d" % (n, i) for n in range(2) for i in range(15))
    for each in several:
        each.catch_up()
        assert (each.directory / "list.jsonl").read_bytes().splitlines() == lines


def test_the_log_begins_anew_and_everybody_goes_on(copies, nats):
    first, second = copies(), copies()
    first.change(lambda: [Statement(TABLE, [[]])])
    for text in ("a", "b", "c"):
        note(first, text)
    first.write("big", bytes(range(256)) * 3000)
    first.append("big", b"end")
    first.change(lambda: [Statement("delete from notes where text = 'c'", [[]])])
    first.compact()
    assert texts(second) == ["a", "b"], "one that followed"
    third = copies()
    assert texts(third) == ["a", "b"], "one that starts"
    assert (third.directory / "big").read_bytes() == bytes(range(256)) * 3000 + b"end"
    note(third, "d")
    assert texts(first) == texts(second) == ["a", "b", "d"]
    numbers = first.copy.connection.execute("select number from notes order by 1").fetchall()
    assert numbers == [(1,), (2,), (4,)], "a number is not given again"


def test_one_that_was_away_while_the_log_began_anew_twice_has_the_state(copies, monkeypatch):
    monkeypatch.setattr(replica, "FOLLOW_SECONDS", 3600)
    first, away = copies(), copies()
    first.change(lambda: [Statement(TABLE, [[]])])
    note(first, "a")
    assert texts(away) == ["a"]
    for text in ("b", "c"):
        note(first, text)
        first.change(lambda: [Statement("delete from notes where text = 'a'", [[]])])
        first.compact()
    assert texts(away) == ["b", "c"]
    note(away, "d")
    assert texts(first) == ["b", "c", "d"]


def test_it_begins_anew_by_itself_when_it_is_long(copies, monkeypatch):
    monkeypatch.setattr(replica, "LONGEST_LOG", 20)
    first, second = copies(), copies()
    first.change(lambda: [Statement(TABLE, [[]])])
    for n in range(50):
        note((first, second)[n % 2], f"{n:02}")
    assert texts(copies()) == texts(first) == [f"{n:02}" for n in range(50)]
    assert first._place.stream == 3


def test_what_was_deleted_is_on_no_disk_when_the_log_has_begun_anew(copies, nats, tmp_path):
    needle = b"ada@example.com, who is to be forgotten"

    def found():
        stores = [*nats.stores, tmp_path]
        files = [path for store in stores for path in store.rglob("*") if path.is_file()]
        return [path for path in files if needle in path.read_bytes()]

    first = copies()
    first.change(lambda: [Statement(TABLE, [[]])])
    note(first, needle.decode())
    assert len(found()) >= 3, "the search would find it"
    first.change(lambda: [Statement("delete from notes", [[]])])
    first.compact()
    first.copy.connection.execute("pragma wal_checkpoint(truncate)")
    give_up = time.monotonic() + 30
    while left := found():
        assert time.monotonic() < give_up, left
        time.sleep(0.2)


def _leader_of_state(nats, name: str) -> str:
    """Of the newest stream of the log, which may be another in a moment."""
    state = next(iter(nats.nodes.values())).state("/jsz?streams=true")
    details = state["account_details"][0]["stream_detail"]
    found = [each for each in details if each["name"].startswith(f"{name}_state_")]
    newest = max(found, key=lambda each: int(each["name"].rpartition("_")[2]))
    return newest["cluster"].get("leader") or "n2"


@pytest.mark.slow
def test_a_leader_is_killed_in_the_middle_and_every_change_is_there_once(copies, nats, monkeypatch):
    """While the log begins anew again and again: nothing may come behind a seal."""
    monkeypatch.setattr(replica, "LONGEST_LOG", 60)
    monkeypatch.setattr(replica, "PATIENCE", 30.0)
    first, second = copies(), copies()
    first.change(lambda: [Statement(TABLE, [[]])])
    stop = threading.Event()

    doubtful: list[str] = []  # of which the writer was told that it does not know

    def write(n: int) -> list[str]:
        done = []
        while not stop.is_set():
            text = f"{n} {len(done) + len(doubtful):04}"
            try:
                note((first, second)[n], text)
            except ReplicaUnavailableError:
                doubtful.append(text)
            else:
                done.append(text)
        return done

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(write, n) for n in range(2)]
        time.sleep(1)
        name = first._jetstream.address.name
        nats.nodes[_leader_of_state(nats, name)].kill()
        time.sleep(7)
        nats.start()
        stop.set()
        done = sorted(both[0].result() + both[1].result())
    assert len(done) > 20
    assert len(doubtful) <= 4
    third = copies()
    for each in (third, first, second):
        found = texts(each)
        assert set(done) <= set(found) <= set(done) | set(doubtful)
        assert len(found) == len(set(found))


def test_without_a_majority_nothing_changes(copies, nats, monkeypatch):
    monkeypatch.setattr(replica, "PATIENCE", 1.0)
    first = copies()
    first.change(lambda: [Statement(TABLE, [[]])])
    *killed, _ = nats.nodes.values()
    for node in killed:
        node.kill()
    with pytest.raises(ReplicaUnavailableError):
        note(first, "lost")
    assert first.copy.connection.execute("select * from notes").fetchall() == []
    nats.start()
    give_up = time.monotonic() + 30
    while True:
        try:
            note(first, "kept")
            break
        except ReplicaUnavailableError:
            assert time.monotonic() < give_up
    assert "kept" in texts(copies())


def test_a_path_leads_nowhere_else(copies):
    for path in ("../x", "/x", "a//b", "a/../b", ".hidden", ""):
        with pytest.raises(ValueError, match="expected names between slashes"):
            copies().change(lambda path=path: _file(path))


def _file(path: str) -> list[Change]:
    return [File(path, b"")]


class TestSharedDatabase:
    """The database of people, in two processes' copies."""

    @pytest.fixture
    def pair(self, copies):
        several = [SharedDatabase(copies()) for _ in range(2)]
        yield several
        for each in several:
            each.close()

    def test_what_one_changes_the_other_reads(self, pair):
        one, other = pair
        one.rows("insert into people values ('ada', 'admin', 1, null, '2026')")
        assert one.rows("select name from people") == [("ada",)], "its own at once"
        other._replica.catch_up()
        assert other.rows("select name from people") == [("ada",)]

    def test_what_a_change_returns_and_what_is_not_kept(self, pair):
        one, other = pair
        with one.change():
            one.rows("insert into people values ('ada', 'admin', 1, null, '2026')")
            assert one.rows("select count(*) from people") == [(1,)]
        with pytest.raises(ZeroDivisionError), one.change():  # noqa: PT012 (what is taken back)
            one.rows("delete from people")
            raise ZeroDivisionError
        with pytest.raises(sqlite3.IntegrityError):
            other.rows("insert into people values ('ada', 'viewer', 0, null, '2026')")
        gone = other.rows("delete from people where name = ? returning role", ("ada",))
        assert gone == [("admin",)]
        assert other.rows("select * from people") == []

    def test_what_changes_nothing_is_not_published(self, pair):
        one, _ = pair
        before = one._replica._place
        one.rows("select * from people")
        one.rows("delete from people where name = 'nobody'")
        one.fill("insert into people values (?, ?, ?, ?, ?)", [])
        one.hold("create table if not exists people (name text);")
        assert one._replica._place == before

    def test_two_record_at_once(self, pair):
        insert = "insert into raw_reads (at, who, way, what, product, why) values (?,?,?,?,?,?)"

        def record(n: int) -> None:
            for i in range(10):
                with pair[n].change():
                    pair[n].rows(insert, (str(i), str(n), "", "", "", ""))

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(record, range(2)))
        rows = []
        for each in pair:
            each._replica.catch_up()
            rows.append(each.rows("select number, who, at from raw_reads order by number"))
        assert rows[0] == rows[1]
        assert [number for number, _, _ in rows[0]] == list(range(1, 21))
        assert len({row[1:] for row in rows[0]}) == 20

    def test_who_decided_on_what_is_not_so_any_more_is_told(self, pair):
        one, other = pair
        insert = "insert into people values (?, 'admin', 1, null, '2026')"
        one.rows(insert, ("ada",))
        real, answers = one._replica.publish, [False]

        def publish(changes):
            if answers.pop():
                return real(changes)
            one._replica.lock.release()
            other.rows(insert, ("bob",))
            one._replica.lock.acquire()
            one._replica.catch_up()
            answers.append(True)
            return False

        one._replica.publish = publish
        with pytest.raises(ConflictError), one.change():  # noqa: PT012 (it is raised at the end)
            if one.rows("select count(*) from people") == [(1,)]:
                one.rows("delete from people where name = 'ada'")
        assert one.rows("select count(*) from people") == [(2,)]

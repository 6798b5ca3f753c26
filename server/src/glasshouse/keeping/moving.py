"""An embedded installation, copied into a cluster: `glasshouse move`.

    settle      what was acknowledged is loaded, and the store's file is written anew, so that no
                deleted row is left whose place another could take: a row's number stays its own
    room        tables for every manifest in the new store
    rows        by item, so many at a time; a row's key is made of its item and number, so that it
                is the same however often it is copied
    repeats     keys of what was stored: a late resend is still a repeat
    accounting  what was received and what became of it
    compare     rows by product, item and day on both sides

Each portion of rows is a batch of a partition that no journal has, so the new store's position says
how far the move has come: after a `kill -9` it goes on there, and what is copied twice collapses.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from glasshouse.catalogue import Catalogue
from glasshouse.catalogue.files import read_json, write_whole
from glasshouse.loading.runs import portions_of_run
from glasshouse.model import KEY_BYTES, Line, Outcome, Position
from glasshouse.store import Batch, Counted, KeyChange, KeyState, Portion, Store, Tally

PARTITION = 1_000_000  # of moved rows: no journal has so many
ROWS = 20_000  # at a time
KEYS = 200_000
NAME = "moving.json"
HEAD = (
    "at", "received_at", "instance", "version", "country", "region", "origin", "door",
    "doubtful_time", "fields",
)  # fmt: skip


class MoveError(Exception):
    """A move that cannot be, or did not come out right; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Step:
    """For whoever watches: what is done, how much of it, of how much altogether."""

    name: str
    done: int
    whole: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A day of an item of which the two sides have not the same number of rows."""

    product: str
    item: str
    day: date
    here: int
    there: int


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved, and what the comparison found."""

    rows: int
    days: int
    repeat_keys: int
    differences: Sequence[Difference]


Watch = Callable[[Step], None]
Table = tuple[str, str, str]  # product, item, the quoted name in the old store


def move(old: Store, new: Store, catalogue: Catalogue, data: Path, watch: Watch) -> Moved:
    """Copy everything that `old` holds, which nobody else has open, into `new`, a store opened for
    PARTITION. `data` is the old data directory. Again: goes on where it ended, or changes nothing.
    """
    _settle(old, data)
    for product in catalogue:
        for manifest in product.stored_manifests:
            new.ensure(manifest)
    tables = list(_tables(old, catalogue))
    rows = _move_rows(old, new, tables, data / "moving", watch)
    keys = _move_repeats(old, new, data, watch)
    _move_accounting(old, new, tables)
    differences, days = compare(old, new, tables)
    return Moved(rows, days, keys, differences)


def _settle(old: Store, data: Path) -> None:
    """Once: a file without deleted rows, which is not changed from now on."""
    try:
        done = bool(read_json(data / NAME)["settled"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        done = False
    if not done:
        old.checkpoint()
        old.rewrite()
        write_whole(data / NAME, b'{"settled": true}\n')


def _tables(old: Store, catalogue: Catalogue) -> Iterator[Table]:
    for product in catalogue:
        paths = {path for manifest in product.manifests.values() for path in manifest.items}
        for path in sorted(paths):
            try:
                yield product.slug, path, old.item_table(product.slug, path)
            except KeyError:  # declared, and nothing of it ever came
                continue


def _move_rows(old: Store, new: Store, tables: Sequence[Table], scratch: Path, watch: Watch) -> int:
    ends = [_one(old, f"select coalesce(max(rowid) + 1, 0) from {name}") for _, _, name in tables]
    counts = [_one(old, f"select count(*) from {name}") for _, _, name in tables]
    reached = new.position()
    scratch.mkdir(exist_ok=True, mode=0o700)
    done = 0
    for number, (table, end, count) in enumerate(zip(tables, ends, counts, strict=True), 1):
        first = 0 if number > reached.segment else end
        if number == reached.segment:
            first = reached.offset
        for start in range(first, end, ROWS):
            watch(Step(f"{table[0]} {table[1]}", done + start, sum(counts)))
            position = Position(number, min(start + ROWS, end))
            portions = _portions(old, table, start, position.offset, scratch)
            new.apply(Batch(portions, (), (), KeyChange(), position))
            for portion in portions:
                portion.path.unlink()
        done += count
    watch(Step("rows", done, sum(counts)))
    return sum(counts)


def _portions(old: Store, table: Table, start: int, end: int, scratch: Path) -> list[Portion]:
    """The rows of these numbers, by door."""
    product, item, name = table
    kinds = _kinds(old, name)
    lines: dict[str, list[bytes]] = {}
    keys: dict[str, list[bytes]] = {}
    for row in old.rows(_select(name, product, kinds, start, end)).rows:
        number, values, ids = row[0], row[1 : 1 + len(HEAD)], row[1 + len(HEAD) :]
        head = dict(zip(HEAD, values, strict=True))
        door = head.pop("door")
        lines.setdefault(door, []).append(_line(head, dict(zip(kinds, ids, strict=True))))
        keys.setdefault(door, []).append(_key(product, item, number))
    portions = []
    for door, found in lines.items():
        path = scratch / f"{door}.ndjson"
        path.write_bytes(b"".join(found))
        rows = len(found)
        place = Position(0, end)
        portions.append(
            Portion(product, item, door, path, rows, b"".join(keys[door]), [(place, rows)])
        )
    return portions


def _kinds(old: Store, name: str) -> list[str]:
    """Identities other than the instance that rows of a table have."""
    columns = old.rows(f"select * from {name} limit 0").columns
    return [column for column in columns if column not in HEAD]


def _select(name: str, product: str, kinds: Sequence[str], start: int, end: int) -> str:
    others = "".join(f", i{n}.id" for n in range(len(kinds)))
    joins = "".join(
        f' left join store.identities i{n} on i{n}.surrogate = t."{kind}" '
        f"and i{n}.kind = '{kind}' and i{n}.product = '{product}'"
        for n, kind in enumerate(kinds)
    )
    return (
        'select t.rowid, t."at", t.received_at, i.id, t.version, t.country, t.region, t.origin, '
        f"t.door, t.doubtful_time, t.fields{others} from {name} t "
        "join store.identities i on i.surrogate = t.instance and i.kind = 'instance' "
        f"and i.product = '{product}'{joins} "
        f"where t.rowid >= {start} and t.rowid < {end} order by t.rowid"
    )


def _line(head: Mapping[str, Any], ids: Mapping[str, str | None]) -> bytes:
    line = Line(
        at=_utc(head["at"]),
        received_at=_utc(head["received_at"]),
        instance=head["instance"],
        fields=_sent(head["fields"]),
        version=head["version"],
        country=head["country"],
        region=head["region"],
        origin=head["origin"],
        doubtful_time=head["doubtful_time"],
        identities={kind: id_ for kind, id_ in ids.items() if id_ is not None} or None,
    )
    return msgspec.json.encode(line) + b"\n"


def _sent(value: Any) -> Any:
    """As a line has it: what was not sent is not there."""
    if isinstance(value, Mapping):
        return {name: _sent(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_sent(each) for each in value]
    return _utc(value) if isinstance(value, datetime) else value


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


def _key(product: str, item: str, number: int) -> bytes:
    """The same for the same row, and no client's: those are made of ids or natural keys alone."""
    text = f"moved\0{product}\0{item}\0{number}"
    return hashlib.blake2b(text.encode(), digest_size=KEY_BYTES).digest()


def _move_repeats(old: Store, new: Store, data: Path, watch: Watch) -> int:
    """Every key that is in force."""
    state = old.keys()
    whole = len(state.fresh) // KEY_BYTES + sum(run.keys for run in state.runs)
    done = 0
    for keys in _keys(data, state):
        watch(Step("keys of repeats", done, whole))
        new.take_over(keys, (), "move")
        done += len(keys) // KEY_BYTES
    return done


def _keys(data: Path, state: KeyState) -> Iterator[bytes]:
    for start in range(0, len(state.fresh), KEYS * KEY_BYTES):
        yield state.fresh[start : start + KEYS * KEY_BYTES]
    for run in state.runs:
        yield from portions_of_run(data / "store" / "keys", run, KEYS)


def _move_accounting(old: Store, new: Store, tables: Sequence[Table]) -> None:
    """Outcomes as they were told; what is stored follows from rows, and those that are gone."""
    tallies = old.accounting()
    here: Counter[tuple[str, str]] = Counter()
    for product, _, name in tables:
        for door, rows in old.rows(f"select door, count(*) from {name} group by door").rows:
            here[product, door] += rows
    stored = {(t.product, t.door): t.items for t in tallies if t.outcome == Outcome.STORED.value}
    gone = [
        Tally(*whose, "removed", "", items - here[whose])
        for whose, items in stored.items()
        if items > here[whose]
    ]
    new.take_over(b"", gone, "move")
    follows = (Outcome.STORED.value, Outcome.DUPLICATE.value)
    told = [tally for tally in tallies if tally.outcome not in follows]
    last = Position(len(tables) + 1, 1)
    new.apply(Batch((), (), (), KeyChange(), last, counted=[Counted(last, told)]))


def compare(old: Store, new: Store, tables: Sequence[Table]) -> tuple[list[Difference], int]:
    """Days of which the sides have different numbers of rows, and how many days were compared."""
    differences, days = [], 0
    for product, item, name in tables:
        here = _by_day(old, name)
        there = _by_day(new, new.item_table(product, item))
        days += len(here)
        differences += [
            Difference(product, item, day, here.get(day, 0), there.get(day, 0))
            for day in sorted(here.keys() | there.keys())
            if here.get(day, 0) != there.get(day, 0)
        ]
    return differences, days


def _one(store: Store, query: str) -> int:
    return int(store.rows(query).rows[0][0])


def _by_day(store: Store, name: str) -> dict[date, int]:
    found = store.rows(
        f'select cast("at" as date) as day, count(*) as items from {name} group by day'
    )
    return {day: int(items) for day, items in found.rows}

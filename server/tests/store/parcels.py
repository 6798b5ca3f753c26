"""What the tests of stores are made of: a product, its items, and the records they come in."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from glasshouse.catalogue import Catalogue
from glasshouse.loading import Loader
from glasshouse.model import Block, Head, Line, Position, Record, Refusal, repeat_key
from glasshouse.store import Erasure, Store

NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ASKED = (NOON + 10 * DAY).replace(tzinfo=None)
PRODUCT = "acme"
RUN = "event.run"
HOST = "snapshot.host"

MANIFEST = """
[product]
slug = "acme"
name = "Acme"
vendor = "Example"
contact = "privacy@example.com"
[purpose.use]
text = "w"
[identity.instance]
made = "random"
lives = "until it is removed"
[identity.user]
made = "assigned"
lives = "until it is removed"
[[switch]]
kind = "environment"
name = "ACME"
off = "0"
[event.run]
purpose = "use"
identities = ["instance", "user"]
[event.run.fields]
{run}
[snapshot.host]
purpose = "use"
[snapshot.host.fields]
cores = {{ type = "integer", why = "w" }}
"""
FIELDS = """
mode = { type = "enum", values = ["fast", "safe"], why = "w" }
size = { type = "integer", why = "w" }
parts = { type = "list", of = "integer", why = "w" }
"""


def manifest(run: str = FIELDS) -> bytes:
    return MANIFEST.format(run=run).encode()


def item(
    key: int,
    instance: str = "one",
    *,
    path: str = RUN,
    at: datetime = NOON,
    received: datetime | None = None,
    fields: dict[str, Any] | None = None,
    **more: Any,
) -> tuple[int, str, Line]:
    """An item by its number: what has the same number is the same item."""
    line = Line(
        at=at,
        received_at=received or at + timedelta(seconds=1),
        instance=instance,
        fields=fields if fields is not None else {"mode": "fast", "size": key},
        **{"version": "1.0", "country": "DE", **more},
    )
    return key, path, line


def record(
    *items: tuple[int, str, Line], refusals: Sequence[Refusal] = (), door: str = "native"
) -> bytes:
    blocks, keys, lines = [], [], []
    for path in dict.fromkeys(path for _, path, _ in items):
        mine = [(key, line) for key, where, line in items if where == path]
        text = b"".join(msgspec.json.encode(line) + b"\n" for _, line in mine)
        blocks.append(Block(path, len(mine), len(text)))
        keys.append(b"".join(repeat_key(PRODUCT, str(key)) for key, _ in mine))
        lines.append(text)
    received = len(items) + sum(refusal.items for refusal in refusals)
    head = Head(PRODUCT, door, NOON, received, blocks, list(refusals))
    return Record(head, keys, lines).encoded()


class Stream:
    """A journal in memory: payloads in order, read from any position, forgotten when trimmed."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []
        self.trimmed = Position(0, 0)

    def read(self, after: Position, limit: int) -> Iterator[tuple[bytes, Position]]:
        taken = 0
        for number, payload in enumerate(self.payloads, 1):
            if number > after.offset and taken < limit:
                taken += len(payload)
                yield payload, Position(0, number)

    def trim(self, before: Position) -> None:
        self.trimmed = before

    def roll(self) -> int:
        return 1


@dataclass
class World:
    """A store with a product, and the journal that it is loaded from."""

    data: Path
    open: Callable[[], Store]
    store: Store
    stream: Stream
    catalogue: Catalogue
    engine: str

    def load(self, *payloads: bytes, **options: Any) -> None:
        self.stream.payloads += payloads
        loader = self.loader(**options)
        while loader.cycle().records:
            pass

    def loader(self, **options: Any) -> Loader:
        return Loader(self.stream, self.store, self.catalogue, self.data, **options)

    def reopen(self) -> None:
        self.store.close()
        self.store = self.open()

    def count(self, path: str = RUN, condition: str = "1 = 1") -> int:
        table = self.store.item_table(PRODUCT, path)
        found = self.store.rows(f"select count(*) from {table} as t where {condition}")
        return int(found.rows[0][0])

    def values(self, field: str, path: str = RUN) -> list[Any]:
        """Of all rows, in the order of their times."""
        table = self.store.item_table(PRODUCT, path)
        found = self.store.rows(
            f"select t.fields.{field} from {table} as t order by t.received_at, t.at"
        )
        return [row[0] for row in found.rows]

    def outcomes(self) -> dict[str, int]:
        """Items by outcome; nothing is lost and nothing counted twice."""
        sums: dict[str, int] = {}
        for tally in self.loader().accounting():
            sums[tally.outcome] = sums.get(tally.outcome, 0) + tally.items
        whole = sum(items for outcome, items in sums.items() if outcome != "received")
        assert whole == sums.get("received", 0), sums
        assert all(items > 0 for items in sums.values()), sums
        return sums


def erasure(world: World, kind: str | None = None, identity: str = "", **more: Any) -> Erasure:
    mark = world.store.mark(PRODUCT, kind, identity) if kind else None
    return Erasure(f"e{more.pop('number', 1)}", PRODUCT, ASKED, kind, mark, **more)


def days_of(world: World) -> list[tuple[Any, ...]]:
    """Instance-days, as (day, version, items)."""
    found = world.store.rows(
        "select d.day, d.version, d.items from store.instance_days d order by d.day, d.version"
    )
    return [tuple(row) for row in found.rows]


NUMBERS = itertools.count(1)

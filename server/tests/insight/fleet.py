"""A generated fleet, loaded through the real loader into a real store, and kept as plain rows too,
so that every answer can be computed a second time without any SQL."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec

from glasshouse.catalogue import Catalogue
from glasshouse.insight import Insight
from glasshouse.loading import Loader
from glasshouse.model import Block, Head, Line, Position, Record, Refusal, repeat_key
from glasshouse.store import open_store

NOW = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)  # a Wednesday
TODAY = NOW.date()

MANIFEST = """
[product]
slug = "forge"
name = "Forge"
vendor = "Example Works"
contact = "privacy@example.com"
owner = "Forge product management"
summary = "Forge counts itself."
never = ["project names", "paths"]

[purpose.use]
text = "Know what is used, so that it is kept working."

[identity.instance]
made = "random"
lives = "until removed"

[[switch]]
kind = "environment"
name = "FORGE_TELEMETRY_OFF"
off = "any value but empty and 0"
missing = "on"
covers = ["telemetry"]
steps = { linux = "Set FORGE_TELEMETRY_OFF=1." }

[[promise]]
text = "No project name ever leaves the machine."

[event.command_finished]
text = "A command ended."
occasions = ["command"]
purpose = "use"

[event.command_finished.fields.command]
type = "enum"
values = ["run", "build", "deploy"]
why = "Know which commands are used."
example = "run"

[event.command_finished.fields.seconds]
type = "duration"
unit = "s"
why = "Know what is slow."
example = 1.5

[snapshot.host]
text = "The host as of a day."
occasions = ["every 24h"]
purpose = "use"

[snapshot.host.fields.cores]
type = "integer"
why = "Size of hosts."
example = 4

[snapshot.host.fields.system]
type = "text"
anonymise = "public-list"
public = ["*"]
longest = 128
why = "Which systems to build for."
example = "Debian 12"

[snapshot.host.fields.version]
type = "version"
means = "product-version"
why = "Which versions are in the field."
example = "2.1.0"

[snapshot.host.fields.plugins]
type = "list"
of = "text"
anonymise = "public-list"
public = ["*"]
why = "Which plugins to keep working."
example = ["git"]

[snapshot.host.fields.tables]
type = "group"
why = "Sizes of tables."
example = [{ engine = "wide" }]

[snapshot.host.fields.tables.fields.engine]
type = "enum"
values = ["wide", "narrow"]
why = "Which engines to keep."
example = "wide"
"""

RELEASES = (
    ("1.9.0", date(2026, 1, 1)),
    ("1.10.0-rc1", date(2026, 8, 20)),
    ("1.10.0", date(2026, 9, 1)),
    ("2.0.0", date(2026, 10, 1)),
    ("2.0.1", date(2026, 10, 20)),
    ("2.1.0", date(2026, 11, 10)),
)
SYSTEMS = ("Debian 12", "Ubuntu 24.04", "Fedora 43", "Windows 11", "macOS 26")
COUNTRIES = ("DE", "US", "FR", "IN", None)


@dataclass(frozen=True)
class Item:
    """One item as a plain row."""

    path: str
    at: datetime
    instance: str
    origin: str
    version: str | None
    country: str | None
    fields: dict
    organization: str | None = None
    doubtful: bool = False


class Whole(list):
    """All items of one origin: what is computed of them need be computed once."""


@dataclass
class Fleet:
    items: list[Item] = field(default_factory=list)
    _of: dict[str, Whole] = field(default_factory=dict)

    def of(self, origin: str = "production") -> list[Item]:
        if origin not in self._of:
            self._of[origin] = Whole(item for item in self.items if item.origin == origin)
        return self._of[origin]


class ListJournal:
    """Payloads with their ends, in order, from any position."""

    def __init__(self, payloads: list[bytes]) -> None:
        self._payloads = payloads

    def read(self, after: Position, limit: int) -> Iterator[tuple[bytes, Position]]:
        taken = 0
        for number, payload in enumerate(self._payloads, 1):
            if number > after.offset and taken < limit:
                taken += len(payload)
                yield payload, Position(0, number)

    def trim(self, before: Position) -> None:
        pass


def generated(instances: int = 120, days: int = 75, seed: int = 7) -> Fleet:
    """A fleet that grows, upgrades late, has gaps, and has a simulated and a silent part."""
    dice = random.Random(seed)
    fleet = Fleet()
    start = TODAY - timedelta(days=days - 1)
    for number in range(instances):
        origin = "simulated" if number % 6 == 5 else "production"
        name = f"{origin[:3]}-{number:04}"
        born = start + timedelta(days=dice.randrange(days))
        died = born + timedelta(days=dice.randrange(5, 120))
        lag = timedelta(days=dice.randrange(0, 40))
        country = dice.choice(COUNTRIES)
        cores = dice.choice((1, 2, 4, 4, 8, 16, 64))
        system = dice.choice(SYSTEMS)
        names_version = dice.random() < 0.95
        for n in range(days):
            day = start + timedelta(days=n)
            if not born <= day <= died or dice.random() < 0.25:
                continue
            releases = [v for v, out in RELEASES if out + lag <= day] or [RELEASES[0][0]]
            version = releases[-1] if names_version else None
            base = datetime(day.year, day.month, day.day, tzinfo=UTC)
            at = min(base + timedelta(seconds=dice.randrange(86400)), NOW - timedelta(minutes=1))
            fields = {"cores": cores, "system": system, "plugins": dice.sample(["git", "s3", "k8s"],
                      dice.randrange(3)), "tables": [{"engine": dice.choice(["wide", "narrow"])}
                      for _ in range(dice.randrange(3))]}  # fmt: skip
            if version:
                fields["version"] = version
            if dice.random() < 0.1:
                del fields["cores"]
            if dice.random() < 0.05:
                system = dice.choice(SYSTEMS)
            fleet.items.append(Item("snapshot.host", at, name, origin, version, country, fields))
            for _ in range(dice.randrange(3)):
                at = min(base + timedelta(seconds=dice.randrange(86400)), NOW)
                fields = {"command": dice.choice(["run", "run", "build", "deploy"]),
                          "seconds": round(dice.expovariate(0.2), 3)}  # fmt: skip
                fleet.items.append(
                    Item("event.command_finished", at, name, origin, version, country, fields)
                )
    return fleet


REFUSALS = [
    Refusal("rejected", "wrong_type", 3, "event.command_finished", "seconds"),
    Refusal("rejected", "unknown_item", 2),
    Refusal("suppressed", "do_not_track", 1, "snapshot.host"),
    Refusal("accepted", "undeclared_field", 4, "snapshot.host"),
]


def payload(items: list[Item], *, first: int, refusals: list[Refusal] | None = None) -> bytes:
    """One record, as a request of these items would leave it. Message ids count from `first`."""
    blocks, keys, lines = [], [], []
    for path in dict.fromkeys(item.path for item in items):
        mine = [(n, item) for n, item in enumerate(items, first) if item.path == path]
        text = b"".join(msgspec.json.encode(_line(item)) + b"\n" for _, item in mine)
        blocks.append(Block(path, len(mine), len(text)))
        keys.append(b"".join(repeat_key("forge", str(n)) for n, _ in mine))
        lines.append(text)
    refusals = refusals or []
    refused = sum(r.items for r in refusals if r.reason != "undeclared_field")
    at = max((item.at for item in items), default=NOW)
    head = Head("forge", "native", at, len(items) + refused, blocks, refusals)
    return Record(head, keys, lines).encoded()


def _line(item: Item) -> Line:
    return Line(
        at=item.at,
        received_at=item.at,
        instance=item.instance,
        fields=msgspec.Raw(msgspec.json.encode(item.fields)),
        version=item.version,
        country=item.country,
        origin=item.origin,
        doubtful_time=item.doubtful,
        identities={"organization": item.organization} if item.organization else None,
    )


@dataclass
class World:
    fleet: Fleet
    insight: Insight
    catalogue: Catalogue
    data: Path
    store: object


def world(
    data: Path,
    fleet: Fleet,
    manifest: str = MANIFEST,
    refusals: list[Refusal] | None = None,
    place: tuple[Path, str] | None = None,
) -> World:
    """A data directory with the fleet in its store, loaded in a shuffled order.

    `place`: the directory and address of the store, if not the embedded one in `data`.
    """
    items = list(fleet.items)
    random.Random(1).shuffle(items)
    payloads = [payload(items[n : n + 500], first=n) for n in range(0, len(items), 500)]
    payloads.append(payload([], first=0, refusals=REFUSALS if refusals is None else refusals))
    catalogue = Catalogue(data / "catalogue")
    catalogue.add(manifest.encode())
    directory, address = place or (data / "store", "")
    store = open_store(directory, "1GB", address=address)
    loader = Loader(ListJournal(payloads), store, catalogue, data)
    while loader.cycle().more:
        pass
    return World(
        fleet, Insight(store, catalogue, lambda: NOW, loader.accounting), catalogue, data, store
    )

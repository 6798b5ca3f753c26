"""A product, its records and a journal in memory, for the loader's tests."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from glasshouse.catalogue import Catalogue
from glasshouse.loading import Loader
from glasshouse.model import Block, Head, Line, Position, Record, Refusal, repeat_key
from glasshouse.store import open_store

MANIFEST = """
[product]
slug = "forge"
name = "Forge"
vendor = "Example"
contact = "privacy@example.com"

[purpose.use]
text = "Know what is used."

[identity.instance]
made = "random"
lives = "until removed"

[identity.organization]
made = "assigned"
of = "the vendor"
lives = "with the contract"

[[switch]]
kind = "environment"
name = "FORGE_TELEMETRY_OFF"
off = "any value but empty and 0"
missing = "on"
covers = ["telemetry"]
steps = { linux = "Set FORGE_TELEMETRY_OFF=1." }

[event.command_finished]
text = "A command ended."
occasions = ["command"]
purpose = "use"
identities = ["instance", "organization"]

[event.command_finished.fields.command]
type = "enum"
values = ["run", "build"]
why = "Know which commands are used."
example = "run"

[event.command_finished.fields.seconds]
type = "duration"
why = "Know what is slow."
example = 1.5

[snapshot.host]
text = "The host."
occasions = ["every 24h"]
purpose = "use"

[snapshot.host.fields.cores]
type = "integer"
why = "Size of hosts."
example = 4

[snapshot.host.fields.system]
type = "enum"
values = ["linux", "macos"]
why = "Which systems."
example = "linux"

[snapshot.host.fields.tables]
type = "group"
why = "Sizes of tables."
example = [{ rows = 1 }]

[snapshot.host.fields.tables.fields.rows]
type = "integer"
why = "Rows."
example = 1
"""

T0 = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


class MemoryJournal:
    """Reads like a journal: payloads with their ends, in order, from any position."""

    def __init__(self, payloads: list[bytes] | None = None) -> None:
        self.payloads = payloads or []
        self.trimmed = Position(0, 0)

    def add(self, payload: bytes) -> None:
        self.payloads.append(payload)

    def read(self, after: Position, limit: int) -> Iterator[tuple[bytes, Position]]:
        taken = 0
        for number, payload in enumerate(self.payloads, 1):
            if number > after.offset and taken < limit:
                taken += len(payload)
                yield payload, Position(0, number)

    def trim(self, before: Position) -> None:
        self.trimmed = before


def line(
    hours: float = 0.0, instance: str = "a", fields: dict | None = None, **rest: object
) -> Line:
    return Line(
        at=at(hours),
        received_at=at(hours),
        instance=instance,
        fields=msgspec.Raw(msgspec.json.encode(fields or {})),
        **rest,
    )


def record(
    blocks: dict[str, list[tuple[str, Line]]],
    *,
    product: str = "forge",
    door: str = "native",
    refusals: list[Refusal] | None = None,
    received_at: datetime = T0,
) -> bytes:
    """A payload: per item path, (message id, line)."""
    heads, keys, lines = [], [], []
    for path, items in blocks.items():
        text = b"".join(msgspec.json.encode(item) + b"\n" for _, item in items)
        keys.append(b"".join(repeat_key(product, identity) for identity, _ in items))
        lines.append(text)
        heads.append(Block(path, len(items), len(text)))
    refusals = refusals or []
    refused = sum(r.items for r in refusals if r.reason != "undeclared_field")
    received = sum(block.rows for block in heads) + refused
    return Record(
        Head(product, door, received_at, received, heads, refusals), keys, lines
    ).encoded()


def events(*ids: str, hours: float = 0.0, **rest: object) -> bytes:
    return record(
        {
            "event.command_finished": [
                (
                    identity,
                    line(hours, fields={"command": "run", "seconds": 1.5}, **rest),
                )
                for identity in ids
            ]
        }
    )


def build(data: Path, journal: MemoryJournal, manifest: str = MANIFEST, **rest: object):
    """(loader, store, catalogue) over a data directory."""
    catalogue = Catalogue(data / "catalogue")
    catalogue.add(manifest.encode())
    store = open_store(data / "store", "1GB")
    return Loader(journal, store, catalogue, data, **rest), store, catalogue


def balance(store) -> dict[str, int]:
    sums: dict[str, int] = {}
    for tally in store.accounting():
        sums[tally.outcome] = sums.get(tally.outcome, 0) + tally.items
    return sums


def adds_up(store) -> bool:
    sums = balance(store)
    outcomes = ("stored", "duplicate", "rejected", "suppressed")
    return sums.get("received", 0) == sum(sums.get(outcome, 0) for outcome in outcomes)


def answers(store) -> list[list[tuple]]:
    """What the store answers, whatever the order in which it was loaded."""
    queries = (
        "select * exclude (fields), fields::varchar from events order by all",
        "select * exclude (fields), fields::varchar from snapshots order by all",
        "select * from instances order by all",
        "select * from instance_days order by all",
        "select * from store.accounting order by all",
    )
    return [store.rows(query).rows for query in queries]


def fingerprint(store) -> str:
    return hashlib.sha256(repr(answers(store)).encode()).hexdigest()

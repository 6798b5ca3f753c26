"""What the rest of Glasshouse may want of a store: tables that questions are asked of.

One writer (the loader) calls `ensure` and `apply`; readers on other threads call `rows` and `sql`
at the same time. A batch is applied whole or not at all, together with the journal position behind
it: that is what makes loading exactly once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from glasshouse.model import Origin, Position
from glasshouse_sdk.manifest import Manifest

# StoreError
# ├── StoreUnavailableError    disk full, memory, broken handle: `reopen`, wait, try again
# ├── PortionRefusedError      one portion's lines are not what its table takes
# ├── SchemaError              a manifest that no table can follow
# └── QueryError               a query that is not allowed, is wrong, or took too long


# Kinds of identity that answer for instances, the widest first.
ORGANIZATIONS = ("organization", "account", "license")


class StoreError(Exception):
    """Something the store could not do."""


class StoreUnavailableError(StoreError):
    """The engine failed, not the data. Whether the last batch is in is known after `reopen`."""


class PortionRefusedError(StoreError):
    """The store took nothing of the batch because of this portion. Holds no value of it."""

    def __init__(self, portion: "Portion", why: str) -> None:
        self.portion = portion
        super().__init__(f"{portion.product} {portion.item}: {why}")


class SchemaError(StoreError):
    """Declarations that cannot stand beside each other in one table."""


class QueryError(StoreError):
    """A query that cannot be answered; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The answer to a query: column names, and tuples in that order."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    cut: bool = False  # there were more rows than the limit

    def as_dicts(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Portion:
    """Lines of one item that came through one door: `rows` of `model.Line` in a file."""

    product: str
    item: str  # path, such as event.command_finished
    door: str
    path: Path
    rows: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Items to add to the accounting. `outcome` is one of `model.Outcome`, or `received`."""

    product: str
    door: str
    outcome: str
    reason: str  # "" where the outcome needs none
    items: int


@dataclass(frozen=True, slots=True)
class RefusalNote:
    """One line of the window on what was refused: names and counts, never a value."""

    product: str
    door: str
    item: str | None
    field: str | None
    outcome: str
    reason: str
    at: datetime  # newest receipt, UTC
    items: int


@dataclass(frozen=True, slots=True)
class RefusedItems:
    """Items of a day that were refused, by the version that sent them, where it is known."""

    product: str
    day: date  # of receipt, UTC
    version: str | None
    outcome: str
    reason: str
    items: int


@dataclass(frozen=True, slots=True)
class KeyRun:
    """A file of repeat keys that is in force: its name, size and crc32, and its newest day."""

    name: str
    keys: int
    checksum: int
    newest_day: date


@dataclass(frozen=True, slots=True)
class KeyState:
    """All repeat keys the store knows of: in files, and young ones in the store itself."""

    runs: tuple[KeyRun, ...] = ()
    fresh: bytes = b""  # KEY_BYTES each, in no order
    newest_day: date | None = None  # of the fresh ones


@dataclass(frozen=True, slots=True)
class KeyChange:
    """What a batch changes about the keys, committed with its rows."""

    fresh: bytes = b""
    day: date | None = None  # of receipt of the fresh ones
    absorbed: bool = False  # the fresh keys, this batch's included, are in a run now
    added: tuple[KeyRun, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """All that one loading cycle changes."""

    portions: Sequence[Portion]
    tallies: Sequence[Tally]
    refusals: Sequence[RefusalNote]
    keys: KeyChange
    position: Position
    refused: Sequence[RefusedItems] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """What a batch became: rows really inserted and rows of erased identities, by product, door."""

    stored: Mapping[tuple[str, str], int]
    erased: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is to be gone. Names an identity by its keyed hash (`Store.mark`), never in clear.

    Without `kind` and `mark` it is everything of the product (of one `origin`, if given).
    """

    name: str  # unique; the same erasure is done once
    product: str
    asked_at: datetime  # UTC; items of the identity made until then are not let in again
    kind: str | None = None
    mark: str | None = None
    since: datetime | None = None  # items made from then
    until: datetime | None = None  # and before then
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure removed: rows by item, and how many ids are not kept any more."""

    items: Mapping[str, int]
    identities: int
    instance: str | None = None  # of an erasure of one instance: its id, if the store knew it


Watch = Callable[[str], None]
"""Told the name of each step as it begins, so that a test can end the process right there."""


def unwatched(_step: str) -> None:
    """Nobody watches."""


class Store(Protocol):
    """What every store engine does."""

    def ensure(self, manifest: Manifest) -> None:
        """Make or widen the tables and views of a manifest. Idempotent. Raises `SchemaError`."""

    def apply(self, batch: Batch, watch: Watch = unwatched) -> Applied:
        """Take a batch, whole, in one transaction.

        Raises `PortionRefusedError` or `StoreUnavailableError`.
        """

    def refuses(self, portion: Portion) -> str | None:
        """Why the store would not take this portion, or None if it would."""

    def rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        """Run a query of ours: the name of a file in `queries/`, or text. From any thread."""

    def sql(self, text: str, limit: int = 10_000, seconds: float = 30.0) -> Rows:
        """Run a person's query: reads only, tables and views only. Raises `QueryError`."""

    def item_table(self, product: str, item: str) -> str:
        """The quoted name of the table of an item. Raises `KeyError` if there is none."""

    def accounting(self) -> list[Tally]:
        """All tallies since the beginning."""

    def accounting_at(self) -> tuple[Position, list[Tally]]:
        """The tallies, and the journal position up to which they count, of one moment."""

    def position(self) -> Position:
        """The journal position behind the last applied batch."""

    def keys(self) -> KeyState:
        """The repeat keys in force."""

    def erase_origin(self, product: str, origin: Origin) -> int:
        """Remove a product's items of one origin and all derived from them; how many items."""

    def mark(self, product: str, kind: str, identity: str) -> str:
        """The keyed hash that stands for an identity in erasures."""

    def instances_of(self, erasure: Erasure) -> list[str]:
        """Ids of instances that an erasure leaves nothing of, as far as the store knows them."""

    def erase(self, erasure: Erasure) -> Erased:
        """Remove items and all derived from them, in one transaction. Again: nothing more."""

    def erase_instances(self, erasures: Sequence[Erasure]) -> Mapping[str, Erased]:
        """Many erasures, each of one whole instance, in one transaction; what went, by name.

        One look through a product's tables does for all of them.
        """

    def erasures(self) -> frozenset[str]:
        """Names of the erasures that this store has done."""

    def sweep(self, product: str, item: str | None, before: datetime) -> int:
        """Remove what is older, of one item or (None) what is kept about instances; how much."""

    def rewrite_due(self) -> bool:
        """Whether bytes of what was erased may still lie in the file."""

    def rewrite(self) -> None:
        """Put a new file in place of this one, with what it holds and nothing else."""

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy of the store's file, synced."""

    def held(self, product: str, kind: str, identity: str) -> Iterator[dict[str, Any]]:
        """All that is held about one identity: an object per row, with the table it lies in."""

    def problems(self) -> list[str]:
        """What is wrong inside the file, found by reading all of it."""

    def checkpoint(self) -> None:
        """Move what was committed from the log into the file."""

    def reopen(self) -> None:
        """Drop every handle and open the file again, after `StoreUnavailableError`."""

    def close(self) -> None:
        """Checkpoint and let go of the file."""

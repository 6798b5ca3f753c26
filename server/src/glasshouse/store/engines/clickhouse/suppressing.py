"""Late resends of what was erased: they are not let in again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Protocol

from glasshouse.model import Position
from glasshouse.store.engines.clickhouse.lines import Columns
from glasshouse.store.engines.clickhouse.tables import ItemTable
from glasshouse.store.port import Portion


@dataclass(frozen=True, slots=True)
class Befallen:
    """What befell an identity: items made until `asked_at`, and within the span if it has one."""

    asked_at: int  # ticks
    since: int | None
    until: int | None

    def takes(self, at: int, *, doubtful: bool) -> bool:
        return (
            (at <= self.asked_at or doubtful)
            and (self.since is None or at >= self.since)
            and (self.until is None or at < self.until)
        )


@dataclass(frozen=True, slots=True)
class Erasures:
    """All erasures of identities, by product, kind and mark; `mark` makes the mark of an id."""

    befallen: Mapping[tuple[str, str, str], Sequence[Befallen]]
    mark: Callable[[str, str, str], str]

    def __bool__(self) -> bool:
        return bool(self.befallen)

    def of(
        self, product: str, kind: str, ids: Sequence[str | None]
    ) -> Mapping[str, Sequence[Befallen]]:
        """Of those ids that something befell: what."""
        if not any(key[:2] == (product, kind) for key in self.befallen):
            return {}
        marks = {id_: self.mark(product, kind, id_) for id_ in set(ids) if id_ is not None}
        return {
            id_: self.befallen[product, kind, mark]
            for id_, mark in marks.items()
            if (product, kind, mark) in self.befallen
        }


class Suppressible(Protocol):
    """A portion as columns, whose identities are ids still."""

    portion: Portion
    table: ItemTable
    columns: Columns


def suppress(incoming: Suppressible, erasures: Erasures) -> Iterator[tuple[Position, int]]:
    """Drop such rows, and say how many of each record."""
    columns = incoming.columns
    kept = [True] * len(columns["at"])
    for kind in ("instance", *incoming.table.identities):
        found = erasures.of(incoming.table.product, kind, columns[kind])
        if not found:
            continue
        times = zip(columns[kind], columns["at"], columns["doubtful_time"], strict=True)
        for number, (id_, at, doubtful) in enumerate(times):
            if any(each.takes(at, doubtful=doubtful) for each in found.get(id_, ())):
                kept[number] = False
    if all(kept):
        return
    for name, column in columns.items():
        columns[name] = list(compress(column, kept))
    start = 0
    for position, rows in incoming.portion.records:
        dropped = rows - sum(kept[start : start + rows])
        if dropped:
            yield position, dropped
        start += rows

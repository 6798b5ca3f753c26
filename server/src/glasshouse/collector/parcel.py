"""What one request carries on its way through the steps."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from glasshouse.collector.declarations import Declaration, Declarations
from glasshouse.model import Origin, Outcome, Reason

NO_PRODUCT = "-"


class Entry(Protocol):
    """An item as the steps see it; the compiled entry types of `declarations.py` are such."""

    id: str
    at: datetime
    instance: str
    version: str | None
    identities: dict[str, str] | None
    fields: Any


class Undeclared(NamedTuple):
    """A name that the manifest does not declare, and the type of what it named. In memory only."""

    name: str
    type: str


# A version that may be shown where the item was refused: one that could be nothing else.
# Four numbers between dots could be an address.
NUMBERED = re.compile(
    r"v?[0-9]{1,6}\.[0-9]{1,6}(\.[0-9]{1,6})?([-+~]?(rc|alpha|beta)?[0-9]{1,4})?\Z"
)
MOST_VERSIONS = 8  # that the refusals of one request tell apart


def shown_version(version: str | None) -> str | None:
    """The version if it may be shown of what was refused."""
    return version if version and NUMBERED.match(version) else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why one item goes no further; `field` is a declared field's name.

    `found` is the type of a value that has another than declared, `version` the sender's.
    """

    outcome: Outcome
    reason: Reason
    field: str | None = None
    item: str | None = None
    found: str | None = None
    version: str | None = None

    @property
    def kind(self) -> "Verdict":
        """What is counted apart."""
        version = shown_version(self.version)
        return Verdict(self.outcome, self.reason, self.field, self.item, version=version)


class RefusedError(Exception):
    """The request as a whole goes no further. Counted as one item if it could not be split."""

    def __init__(self, reason: Reason, found: str, expected: str) -> None:
        self.reason = reason
        self.found = found
        self.expected = expected
        super().__init__(f"{reason}: found {found}; expected {expected}")


@dataclass(slots=True)
class Parcel:
    """One request: what came, then what the steps find out. Never written anywhere as it is."""

    door: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    peer: str | None  # the sender's address, gone after the step that places it
    received_at: datetime

    product: str = NO_PRODUCT
    origin: Origin = Origin.PRODUCTION
    declarations: Declarations | None = None
    sent_at: datetime | None = None
    country: str | None = None
    region: str | None = None

    query: str = ""  # what stood behind the '?'
    received: int = 0
    entries: list[Entry | None] = field(default_factory=list)  # by place; None where refused
    keys: list[str] | None = None  # by place: what tells a repeat, if not the message id
    verdicts: dict[int, Verdict] = field(default_factory=dict)  # by place
    dropped: dict[int, Sequence[Undeclared]] = field(default_factory=dict)  # by place
    ids: dict[int, str] = field(default_factory=dict)  # message ids of refused items, by place
    origins: dict[int, Origin] = field(default_factory=dict)  # where not the request's, by place
    notice: Mapping[str, Any] = field(default_factory=dict)  # what the door's answer tells besides
    doubtful: set[int] = field(default_factory=set)  # places whose time was replaced
    ended: Counter[tuple[str, str]] = field(default_factory=Counter)  # fields taken out, by item
    _groups: list[tuple[Declaration, list[tuple[int, Entry]]]] = field(default_factory=list)

    def refuse(self, place: int, verdict: Verdict) -> None:
        """This item goes no further. What it was an item of is kept, for the accounting."""
        entry = self.entries[place]
        if entry is not None:
            self.ids[place] = entry.id
            path = self.declaration(entry).path
            verdict = replace(verdict, item=path, version=entry.version)
        self.verdicts[place] = verdict
        self.entries[place] = None

    def declaration(self, entry: Entry) -> Declaration:
        assert self.declarations is not None  # noqa: S101 (entries exist only once it is known)
        return self.declarations.by_entry[type(entry)]

    def group(self) -> None:
        """Group the entries by their declaration, for the steps that follow."""
        by_type: dict[type, list[tuple[int, Entry]]] = {}
        for place, entry in enumerate(self.entries):
            if entry is not None:
                by_type.setdefault(type(entry), []).append((place, entry))
        self._groups = [(self.declaration(group[0][1]), group) for group in by_type.values()]

    def groups(self) -> Iterator[tuple[Declaration, list[tuple[int, Entry]]]]:
        """What is left of each declaration's entries, with their places."""
        if self.verdicts:
            left = self.entries
            for declaration, group in self._groups:
                yield declaration, [pair for pair in group if left[pair[0]] is not None]
        else:
            yield from self._groups

    def refusal_counts(self) -> Counter[Verdict]:
        if not (self.verdicts or self.dropped or self.ended):
            return Counter()
        kinds = [verdict.kind for verdict in self.verdicts.values()]
        if len({kind.version for kind in kinds}) > MOST_VERSIONS:
            kinds = [replace(kind, version=None) for kind in kinds]
        counts = Counter(kinds)
        undeclared = sum(map(len, self.dropped.values()))
        if undeclared:
            counts[Verdict(Outcome.ACCEPTED, Reason.UNDECLARED_FIELD)] = undeclared
        for (item, name), fields in self.ended.items():
            counts[Verdict(Outcome.ACCEPTED, Reason.ENDED, name, item)] = fields
        return counts

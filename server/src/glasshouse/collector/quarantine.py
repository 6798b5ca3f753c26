"""What was refused, without a single value: for the vendor, and for a developer at work.

The quarantine knows kinds: declared names, what was wrong, the type that stood in a value's place,
versions, how many, first and last. A name that is not declared may be a value itself, so it is
there by the type of what it named alone. It is a window for people; the accounting is what counts.

The live view shows a developer what became of what was just sent with a development key, undeclared
names included. It is in memory and nowhere else.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from glasshouse.catalogue.files import read_json, write_whole
from glasshouse.collector.parcel import Parcel, RefusedError, Verdict, shown_version
from glasshouse.model import Origin, Outcome, Reason

MOST_KINDS = 2000
MOST_VERSIONS = 8
LIVE_ITEMS = 200
LIVE_NAMES = 20


@dataclass(frozen=True, slots=True)
class Kind:
    """What refused items have in common. `found` is the type that a wrong value had."""

    product: str
    door: str
    outcome: str
    reason: str
    item: str | None
    field: str | None
    found: str | None


@dataclass(slots=True)
class Kept:
    items: int
    first: datetime
    last: datetime
    versions: list[str]


class Change(msgspec.Struct, frozen=True):
    """What one process tells another of its quarantine: a kind with its counts, or live items."""

    product: str
    kind: dict[str, Any] | None = None
    live: list[dict[str, Any]] = []


Changes = list[Change]


class Quarantine:
    """Kinds of refusals, the newest MOST_KINDS of them; and the live view."""

    def __init__(self, path: Path | None = None) -> None:
        """`path` is where kinds outlast the process, if they shall."""
        self._path = path
        self._kinds: dict[Kind, Kept] = {}
        self._live: dict[str, deque[dict[str, Any]]] = {}
        self._changed = False
        self._refused: Counter[tuple[str, str, str, str]] = Counter()
        if path is not None and path.exists():
            self._read(path)

    def note(self, parcel: Parcel) -> None:
        """Take note of a request that went through the steps."""
        if not parcel.verdicts and not parcel.dropped and parcel.origin is not Origin.DEVELOPMENT:
            return
        for verdict in parcel.verdicts.values():
            self._count(parcel, verdict)
        for names in parcel.dropped.values():
            for undeclared in names:
                reason = Reason.UNDECLARED_FIELD
                self._count(parcel, Verdict(Outcome.ACCEPTED, reason, found=undeclared.type))
        if parcel.origin is Origin.DEVELOPMENT:
            live = self._live.setdefault(parcel.product, deque(maxlen=LIVE_ITEMS))
            live.extend(_shown(parcel, place) for place in range(parcel.received)[-LIVE_ITEMS:])

    def note_refusal(self, parcel: Parcel, refused: RefusedError) -> None:
        """Take note of a request that was refused as a whole."""
        verdict = Verdict(Outcome.REJECTED, refused.reason)
        self._count(parcel, verdict, max(parcel.received, 1))
        if parcel.origin is Origin.DEVELOPMENT:
            live = self._live.setdefault(parcel.product, deque(maxlen=LIVE_ITEMS))
            live.append(
                {
                    "at": parcel.received_at.isoformat(),
                    "door": parcel.door,
                    "outcome": verdict.outcome.value,
                    "reason": refused.reason.value,
                    "expected": refused.expected,
                }
            )

    def kinds(self, product: str) -> list[dict[str, Any]]:
        """What was refused of a product, the newest kind first."""
        return [
            {**asdict(kind), **_times(kept)}
            for kind, kept in sorted(
                self._kinds.items(), key=lambda pair: pair[1].last, reverse=True
            )
            if kind.product == product
        ]

    def live(self, product: str) -> list[dict[str, Any]]:
        """What was just sent with the product's development key, the newest first."""
        return list(reversed(self._live.get(product, ())))

    def take_changes(self) -> Changes:
        """All kinds and live items, which are then forgotten here: another process keeps them."""
        kinds, self._kinds = self._kinds, {}
        live, self._live = self._live, {}
        self._refused.clear()
        return [
            *(
                Change(kind.product, {**asdict(kind), **_times(kept)})
                for kind, kept in kinds.items()
            ),
            *(Change(product, live=list(shown)) for product, shown in live.items()),
        ]

    def take_in(self, changes: Changes) -> None:
        """What another process has taken note of."""
        for change in changes:
            if change.kind is not None:
                kind, kept = _kind_and_kept(change.kind)
                self._add(kind, kept)
            if change.live:
                live = self._live.setdefault(change.product, deque(maxlen=LIVE_ITEMS))
                live.extend(change.live)

    def take_refused(self) -> Counter[tuple[str, str, str, str]]:
        """Items by product, door, outcome and reason since this was last asked."""
        taken, self._refused = self._refused, Counter()
        return taken

    def save(self) -> None:
        """Write the kinds, whether the file has them already or not."""
        self._changed = True
        write = self.writing()
        if write is not None:
            write()

    def writing(self) -> Callable[[], None] | None:
        """What writes the kinds as they are now, from any thread; None if the file has them."""
        path = self._path
        if path is None or not self._changed:
            return None
        self._changed = False
        facts = msgspec.json.encode(
            [{**asdict(kind), **_times(kept)} for kind, kept in self._kinds.items()]
        )

        def write() -> None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                write_whole(path, facts)
            except OSError:
                self._changed = True
                raise

        return write

    def _count(self, parcel: Parcel, verdict: Verdict, items: int = 1) -> None:
        kind = Kind(
            parcel.product,
            parcel.door,
            verdict.outcome.value,
            verdict.reason.value,
            verdict.item,
            verdict.field,
            verdict.found,
        )
        version = shown_version(verdict.version)
        versions = [version] if version else []
        self._add(kind, Kept(items, parcel.received_at, parcel.received_at, versions))

    def _add(self, kind: Kind, more: Kept) -> None:
        self._changed = True
        if kind.outcome != Outcome.ACCEPTED:  # an accepted item lost a field, and no more
            self._refused[kind.product, kind.door, kind.outcome, kind.reason] += more.items
        # Popped and put back, so that the oldest kind comes first.
        kept = self._kinds.pop(kind, None)
        if kept is None:
            kept = Kept(0, more.first, more.last, [])
            if len(self._kinds) >= MOST_KINDS:
                del self._kinds[next(iter(self._kinds))]
        kept.items += more.items
        kept.last = max(kept.last, more.last)
        fresh = [version for version in more.versions if version not in kept.versions]
        if fresh:
            kept.versions = [*kept.versions, *fresh][-MOST_VERSIONS:]
        self._kinds[kind] = kept

    def _read(self, path: Path) -> None:
        """A window that cannot be read is begun anew: nothing depends on it."""
        try:
            for facts in read_json(path):
                kind, kept = _kind_and_kept(facts)
                self._kinds[kind] = kept
        except (ValueError, TypeError, KeyError, AttributeError):
            self._kinds.clear()


def _kind_and_kept(facts: dict[str, Any]) -> tuple[Kind, Kept]:
    kept = Kept(
        facts.pop("items"),
        datetime.fromisoformat(facts.pop("first")),
        datetime.fromisoformat(facts.pop("last")),
        facts.pop("versions"),
    )
    return Kind(**facts), kept


def _times(kept: Kept) -> dict[str, Any]:
    return {
        "items": kept.items,
        "first": kept.first.isoformat(),
        "last": kept.last.isoformat(),
        "versions": kept.versions,
    }


def _shown(parcel: Parcel, place: int) -> dict[str, Any]:
    """One item of the live view: what became of it, and why."""
    entry, verdict = parcel.entries[place], parcel.verdicts.get(place)
    shown: dict[str, Any] = {"at": parcel.received_at.isoformat(), "door": parcel.door}
    if verdict is not None:
        facts = {"item": verdict.item, "field": verdict.field, "found": verdict.found}
        shown |= {"outcome": verdict.outcome.value, "reason": verdict.reason.value}
        shown |= {name: fact for name, fact in facts.items() if fact is not None}
    elif entry is not None:
        shown |= {"outcome": Outcome.ACCEPTED.value, "item": parcel.declaration(entry).path}
    undeclared = parcel.dropped.get(place)
    if undeclared:
        shown["undeclared"] = {each.name[:64]: each.type for each in undeclared[:LIVE_NAMES]}
    return shown

"""Which versions an advisory is about: from a range in words, or from an OSV record.

A range: `>=2.0.0,<2.0.4` (all of these hold), several with `||` between, or plain versions:
`1.9.0||>=2.0.0,<2.0.4`. Of an OSV record (https://ossf.github.io/osv-schema/), the `versions` and
the `events` of the ranges of type SEMVER and ECOSYSTEM of every `affected` package count.

Versions are compared as everywhere here: `1.9 < 1.10-rc1 < 1.10`. One that does not begin with a
number is never affected: nobody knows where it stands.
"""

import json
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from glasshouse.catalogue.version_order import version_key
from glasshouse.insight.errors import QuestionError

OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
_BOUND = re.compile(r"\s*(>=|<=|>|<|=|)\s*([vV]?[0-9][^\s<>=|,]*)\s*")
RANGE_WORDS = "a range such as '>=2.0.0,<2.0.4', several with '||' between"


@dataclass(frozen=True, slots=True)
class Bound:
    """One comparison with a version."""

    relation: str
    version: str

    def holds(self, version: str) -> bool:
        return OPERATORS[self.relation](version_key(version), version_key(self.version))


@dataclass(frozen=True, slots=True)
class Affected:
    """Versions of which all bounds of at least one range hold. `disclosed`: when it was told."""

    ranges: tuple[tuple[Bound, ...], ...]
    disclosed: date | None = None

    def __str__(self) -> str:
        """As a range that `affected_of_range` reads."""
        return "||".join(",".join(f"{b.relation}{b.version}" for b in r) for r in self.ranges)

    def holds(self, version: str | None) -> bool:
        if version is None or not any(c.isdecimal() for c in version[:2]):
            return False
        return any(all(bound.holds(version) for bound in bounds) for bounds in self.ranges)


def affected_of_range(text: str) -> Affected:
    """Raises `QuestionError`."""
    return Affected(tuple(tuple(_bounds(part)) for part in text.split("||")))


def _bounds(text: str) -> Iterator[Bound]:
    for part in text.split(","):
        found = _BOUND.fullmatch(part)
        if found is None:
            raise QuestionError("affected", f"'{part.strip()}'", RANGE_WORDS)
        yield Bound(found[1] or "=", found[2])


def affected_of_osv(text: str) -> Affected:
    """Raises `QuestionError`."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        raise QuestionError("osv", "no JSON", "an OSV record, whole") from None
    ranges = [
        bounds
        for package in _objects(record, "affected")
        for bounds in (*_named(package), *_ranged(package))
    ]
    if not ranges:
        raise QuestionError(
            "osv", "no affected versions", "'affected' with 'versions' or 'ranges' of versions"
        )
    return Affected(tuple(ranges), _day(record.get("published")))


def _named(package: Mapping[str, Any]) -> Iterator[tuple[Bound, ...]]:
    versions = package.get("versions")
    for version in versions if isinstance(versions, list) else ():
        yield (Bound("=", str(version)),)


def _ranged(package: Mapping[str, Any]) -> Iterator[tuple[Bound, ...]]:
    for each in _objects(package, "ranges"):
        if each.get("type") in ("SEMVER", "ECOSYSTEM"):
            yield from _between(_objects(each, "events"))


def _between(events: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Bound, ...]]:
    """A range for each event that introduces, up to the next that fixes or is the last affected."""
    begun: Bound | None = None
    for event in sorted(events, key=_order_of):
        if "introduced" in event:
            begun = begun or Bound(">=", str(event["introduced"]))
            continue
        relation, name = ("<", "fixed") if "fixed" in event else ("<=", "last_affected")
        if begun is not None and name in event:
            yield begun, Bound(relation, str(event[name]))
            begun = None
    if begun is not None:
        yield (begun,)


def _order_of(event: Mapping[str, Any]) -> Any:
    # What is introduced again in the version that fixed it comes after the fix.
    names = ("fixed", "introduced", "last_affected")
    return next(
        ((version_key(str(event[name])), place) for place, name in enumerate(names)
         if name in event), ((), 3)
    )  # fmt: skip


def _objects(record: Any, name: str) -> Sequence[Mapping[str, Any]]:
    found = record.get(name) if isinstance(record, Mapping) else None
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None

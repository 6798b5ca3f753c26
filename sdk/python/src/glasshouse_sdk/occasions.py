"""When an item is due, by the occasions that the manifest declares; kept over runs.

| occasion                     | due                                                       |
|------------------------------|-----------------------------------------------------------|
| `install`, `first_start`     | once in the life of the state directory                   |
| `start`                      | once in each process                                      |
| `upgrade`                    | when the product's version is another than the last time  |
| `weekly`, `every 24h` (m, d) | so long after the last time, give or take a tenth         |
| `command`, `event`           | every time                                                |

`occasions.json` holds for each item the last time, the next one, and the version. The tenth spreads
a fleet that was once started together. A clock that jumped back makes nothing wait for years.
"""

from __future__ import annotations

import os

from glasshouse_sdk import locks
from glasshouse_sdk.jsontext import as_json, parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from glasshouse_sdk.state import State

NAME, LOCK = "occasions.json", "occasions.lock"
ONCE = ("install", "first_start")
ALWAYS = ("command", "event")
UNITS = {"m": 60.0, "h": 3600.0, "d": 86_400.0}
WEEK = 7 * 86_400.0
SPREAD = 0.1
NEVER = float("inf")


class Occasions:
    """The occasions of one process; times are seconds since 1970."""

    __slots__ = ("_not_before", "_started", "_state", "_version")

    def __init__(self, state: State, version: str | None) -> None:
        self._state = state
        self._version = version or ""
        self._started: set[str] = set()
        self._not_before: dict[str, float] = {}

    def record_when_due(
        self,
        path: str,
        occasions: tuple[str, ...],
        record: Callable[[], bool],
        now: float,
        chance: float,
    ) -> bool:
        """Call `record` if the item is due; it is done with once that says True.

        Of several processes that come at the same moment, one does it. `chance`: from 0 to 1.
        Raises `OSError`, and whatever `record` raises; then the item stays due.
        """
        if any(occasion in ALWAYS for occasion in occasions):
            return record()
        if now < self._not_before.get(path, 0.0):
            return False
        descriptor = os.open(self._state.path(LOCK), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not locks.try_alone(descriptor):
                return False  # another process is at it
            kept = _read(self._state)
            last = kept.get(path)
            if not self._is_due(path, occasions, last, now):
                self._not_before[path] = _next(last, now) if last else NEVER
                if last is None:  # an upgrade is from something
                    self._keep(kept, path, occasions, now, chance)
                return False
            if not record():
                return False
            self._started.add(path)
            self._keep(kept, path, occasions, now, chance)
            return True
        finally:
            os.close(descriptor)

    def _is_due(
        self, path: str, occasions: tuple[str, ...], last: Mapping[str, Any] | None, now: float
    ) -> bool:
        if "start" in occasions and path not in self._started:
            return True
        if last is None:
            return any(o in ONCE or period(o) is not None for o in occasions)
        if "upgrade" in occasions and last["version"] != self._version:
            return True
        return any(period(o) is not None for o in occasions) and now >= _next(last, now)

    def _keep(
        self,
        kept: dict[str, Any],
        path: str,
        occasions: tuple[str, ...],
        now: float,
        chance: float,
    ) -> None:
        periods = [p for p in map(period, occasions) if p is not None]
        pause = min(periods) * (1 - SPREAD + 2 * SPREAD * chance) if periods else None
        due = None if pause is None else now + pause
        kept[path] = {"last": now, "next": due, "version": self._version}
        self._not_before[path] = NEVER if due is None else due
        self._state.write(NAME, as_json(kept) + "\n")


def period(occasion: str) -> float | None:
    """The seconds of `weekly` and `every 24h`; None for an occasion that is not periodic."""
    if occasion == "weekly":
        return WEEK
    number, unit = occasion[6:-1], occasion[-1:]
    if not occasion.startswith("every ") or unit not in UNITS or not number.isdecimal():
        return None
    return int(number) * UNITS[unit]


def _next(last: Mapping[str, Any], now: float) -> float:
    if last["next"] is None:
        return NEVER
    due, before = float(last["next"]), float(last["last"])
    # The last time lies ahead: the clock was wrong, then or now.
    return now if before > now + (due - before) * SPREAD else due


def _read(state: State) -> dict[str, Any]:
    """What stands there; what cannot be understood is as nothing, and all is due anew."""
    try:
        text = state.read(NAME)
        raw = {} if text is None else parsed(text)
        return {
            path: {
                "last": float(entry["last"]),
                "next": None if entry["next"] is None else float(entry["next"]),
                "version": str(entry["version"]),
            }
            for path, entry in raw.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}

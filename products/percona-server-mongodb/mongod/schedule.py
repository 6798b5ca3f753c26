"""When a database tells of itself: 24 hours after its first start, then once a day.

Kept in the database's directory, so that a restart neither forgets nor repeats:

    {"instance": "6655eb3ba3b0d1a4d5f2c7e1", "next": 1795357118, "files": ["1795357118-….json"]}
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

GRACE = INTERVAL = 86_400  # seconds
KEPT = 7 * 86_400  # seconds that a file waits for a service to take it
NAME = "psmdb_telemetry.json"


@dataclass(slots=True)
class Schedule:
    """Times in seconds since 1970. `files`: those that were left, the oldest first."""

    instance: str
    next: int
    files: list[str] = field(default_factory=list)

    def is_due(self, now: int, interval: int) -> bool:
        """A clock that was ahead once makes nothing wait for years."""
        self.next = min(self.next, now + max(interval, GRACE))
        return now >= self.next

    def left(self, name: str, now: int, interval: int) -> None:
        self.files.append(name)
        self.next = now + interval

    def outdated(self, now: int) -> list[str]:
        """The files that nobody has taken for 7 days, which are then forgotten."""
        old = [name for name in self.files if int(name.partition("-")[0]) < now - KEPT]
        self.files = [name for name in self.files if name not in old]
        return old


def read_schedule(dbpath: Path, now: int, grace: int) -> Schedule:
    """A new one for a new database, and for a file that cannot be understood."""
    try:
        raw = json.loads((dbpath / NAME).read_text())
        return Schedule(str(raw["instance"]), int(raw["next"]), _names(raw))
    except (OSError, ValueError, KeyError, TypeError):
        return Schedule(secrets.token_hex(12), now + grace)


def _names(raw: Mapping[str, object]) -> list[str]:
    names = raw.get("files")
    known = [str(name) for name in names] if isinstance(names, list) else []
    return [name for name in known if name.partition("-")[0].isdigit() and "/" not in name]


def keep_schedule(dbpath: Path, schedule: Schedule) -> None:
    """Raises OSError."""
    facts = {"instance": schedule.instance, "next": schedule.next, "files": schedule.files}
    temporary = dbpath / f".{NAME}"
    temporary.write_text(json.dumps(facts) + "\n")
    temporary.replace(dbpath / NAME)

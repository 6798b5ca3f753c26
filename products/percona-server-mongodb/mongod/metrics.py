"""The metric file: what a database tells of itself, left where glasshouse-agent takes it."""

import contextlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from glasshouse_sdk.compiled import load_compiled
from glasshouse_sdk.consent import decide
from glasshouse_sdk.surroundings import Surroundings

FIRST = {6: (6, 0, 16, 13), 7: (7, 0, 12, 7)}  # by major version; all of 8 and later have them


@dataclass(frozen=True, slots=True)
class Places:
    """`installation`: where a refusal given at the installation is kept. `drop`: the agent's."""

    manifest: Path
    installation: Path
    drop: Path


def carries_metrics(version: str) -> bool:
    numbers = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)-(\d+)", version)
    if numbers is None:
        return False
    found = tuple(map(int, numbers.groups()))
    return found[0] >= 8 or found >= FIRST.get(found[0], (8,))


def is_on(places: Places, environment: Mapping[str, str], parameters: Mapping[str, str]) -> bool:
    """Whether this database may tell anything. The agent asks again before anything leaves."""
    if parameters.get("perconaTelemetry", "true").lower() != "true":
        return False
    try:
        compiled = load_compiled(places.manifest)
    except (OSError, ValueError):
        return False
    surroundings = Surroundings(environment, installation=str(places.installation))
    return decide(compiled, surroundings, None).states.get("daily") == "on"


def leave(places: Places, name: str, fields: Mapping[str, object]) -> bool:
    """Whether the file is there. Where no agent is installed there is no place for it."""
    hidden = places.drop / f".{name}"
    try:
        hidden.write_text(json.dumps({"item": "snapshot.database", "fields": fields}) + "\n")
        hidden.chmod(0o644)  # the agent is another user
        hidden.rename(places.drop / name)
    except OSError:
        with contextlib.suppress(OSError):
            hidden.unlink()
        return False
    return True


def take_back(places: Places, names: Sequence[str]) -> None:
    """What the agent has taken is gone already."""
    for name in names:
        with contextlib.suppress(OSError):
            (places.drop / name).unlink()

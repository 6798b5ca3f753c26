"""A project: the directory with `.piperider/`, its data source and its telemetry id.

    dataSource:
      type: duckdb
      path: shop.duckdb
    telemetry:
      id: 0b7c…

`init` alone writes the telemetry id. Whoever removes it has opted the project out, so nothing
here makes it again, a second `init` included.
"""

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import postgres
import yaml
from failures import WrongCallError

FOLDER = ".piperider"
TYPES = ("duckdb", "sqlite", "postgres")


@dataclass(frozen=True, slots=True)
class Project:
    """`source_place`: path or address. `telemetry_id` is None where the project has opted out."""

    directory: Path
    source_type: str
    source_place: str
    telemetry_id: str | None

    @property
    def folder(self) -> Path:
        return self.directory / FOLDER


def make_project(directory: Path, source: str) -> Project:
    """Writes `.piperider/config.yml` unless there is one. Raises WrongCallError, OSError."""
    config = directory / FOLDER / "config.yml"
    if not config.exists():
        facts = {
            "dataSource": {"type": source_type(directory, source), "path": source},
            "telemetry": {"id": str(uuid.uuid4())},
        }
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(yaml.safe_dump(facts, sort_keys=False))
    return read_project(directory)


def read_project(directory: Path) -> Project:
    """Raises WrongCallError if there is no project, or its file makes no sense."""
    config = directory / FOLDER / "config.yml"
    try:
        facts = yaml.safe_load(config.read_text())
    except FileNotFoundError:
        raise WrongCallError(
            f"found no {FOLDER}/config.yml in {directory}; expected a project; "
            "make one: piperider init --source shop.duckdb"
        ) from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise WrongCallError(f"cannot read {config}: {error}; correct it") from None
    source = _table(facts, "dataSource")
    kind, path = source.get("type"), source.get("path")
    if kind not in TYPES or not isinstance(path, str):
        raise WrongCallError(
            f"found dataSource {source} in {config}; expected a type of {', '.join(TYPES)} "
            "and a path; correct it"
        )
    identity = _table(facts, "telemetry").get("id")
    place = path if kind == "postgres" else str(directory / path)
    return Project(directory, kind, place, None if identity in (None, "") else str(identity))


def source_type(directory: Path, source: str) -> str:
    """An address says it; what a file is, its first bytes do. Raises WrongCallError."""
    if source.startswith(postgres.SCHEME):
        postgres.parsed(source)
        return "postgres"
    path = directory / source
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise WrongCallError(
            f"cannot read {path}: {error.strerror}; expected a DuckDB or SQLite file"
        ) from None
    if head.startswith(b"SQLite format 3"):
        return "sqlite"
    if head[8:12] == b"DUCK":
        return "duckdb"
    raise WrongCallError(f"found {path} of an unknown kind; expected a DuckDB or SQLite file")


def _table(facts: Any, name: str) -> dict[str, Any]:
    found = facts.get(name) if isinstance(facts, dict) else None
    return found if isinstance(found, dict) else {}

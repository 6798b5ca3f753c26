"""The plugins of a controller: which are installed, and what each tells about its use.

A plugin is installed if its name stands in `plugins.txt` of the controller's home, one a line.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

FILE = "plugins.txt"

Facts = dict[str, Any]
Build = tuple[str, Facts]
"""A job's name and what became of its run: `result`, `duration` in seconds."""


def installed(home: Path) -> tuple[str, ...]:
    """In the order of the file; none if there is no such file."""
    path = home / FILE
    return tuple(path.read_text().split()) if path.exists() else ()


def install(home: Path, names: Sequence[str]) -> None:
    """Those that are not there yet."""
    known = installed(home)
    new = [name for name in names if name not in known]
    if new:
        home.mkdir(parents=True, exist_ok=True)
        (home / FILE).write_text("".join(f"{name}\n" for name in (*known, *new)))


def happenings(
    names: Sequence[str], home: Path, builds: Sequence[Build]
) -> list[tuple[str, Facts]]:
    """What the installed plugins have to tell: events with their fields."""
    told = (COLLECTORS[name](home, builds) for name in names if name in COLLECTORS)
    return [each for each in told if each is not None]


def _pipeline(_: Path, builds: Sequence[Build]) -> tuple[str, Facts]:
    failed = sum(facts["result"] != "SUCCESS" for _, facts in builds)
    return "pipeline_steps", {"steps": len(builds), "failed": failed}


def _rbac(home: Path, _: Sequence[Build]) -> tuple[str, Facts]:
    # That there are roles is told; what they allow, and to whom, is not even read.
    return "rbac_use", {"in_use": (home / "rbac.toml").exists()}


def _casc(home: Path, _: Sequence[Build]) -> tuple[str, Facts] | None:
    bundle = home / "bundle.toml"
    if not bundle.exists():
        return None
    try:
        facts = tomllib.loads(bundle.read_text())
    except (OSError, ValueError):
        return "bundle_validated", {"validation_code": "UNREADABLE", "total_errors": 1}
    code = "VALID" if "version" in facts else "NO_VERSION"
    return "bundle_validated", {"validation_code": code, "total_errors": int(code != "VALID")}


COLLECTORS: Mapping[str, Callable[[Path, Sequence[Build]], tuple[str, Facts] | None]] = {
    "pipeline": _pipeline,
    "rbac": _rbac,
    "casc": _casc,
}

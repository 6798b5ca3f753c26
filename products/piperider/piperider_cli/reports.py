"""Runs and reports: `.piperider/runs/NUMBER/run.json`, a page made of it, and two compared.

A report holds figures of the data and nothing of whoever made it: no user id, no project's id, no
key. Whoever opens it is nobody's count.
"""

import json
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

from assertions import Verdict
from failures import WrongCallError
from profiling import Profile

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>PipeRider report</title></head>
<body><h1>PipeRider report</h1>{tables}<h2>Assertions</h2><ul>{verdicts}</ul></body></html>
"""


def keep_run(folder: Path, source_type: str, profile: Profile, verdicts: list[Verdict]) -> Path:
    """The new run's directory. Raises OSError."""
    runs = folder / "runs"
    runs.mkdir(exist_ok=True)
    number = max((int(path.name) for path in _numbered(runs)), default=0) + 1
    directory = runs / str(number)
    directory.mkdir()
    facts = {
        "source": source_type,
        **profile.as_dict(),
        "assertions": [asdict(verdict) for verdict in verdicts],
    }
    (directory / "run.json").write_text(json.dumps(facts, indent=1) + "\n")
    return directory


def newest_runs(folder: Path, number: int) -> list[Path]:
    """The newest runs, the oldest of them first. Raises WrongCallError if there are fewer."""
    found = sorted(_numbered(folder / "runs"), key=lambda path: int(path.name))[-number:]
    if len(found) < number:
        raise WrongCallError(
            f"found {len(found)} runs in {folder}; expected {number} or more: piperider run"
        )
    return found


def write_report(run: Path) -> Path:
    """Raises WrongCallError, OSError."""
    facts = read_run(run / "run.json")
    tables = "".join(
        f"<h2>{escape(table['name'])}: {table['rows']} rows</h2><table>"
        "<tr><th>Column<th>Type<th>Empty<th>Distinct<th>Lowest<th>Highest</tr>"
        + "".join(_row(column) for column in table["columns"])
        + "</table>"
        for table in facts["tables"]
    )
    verdicts = "".join(
        f"<li>{'passed' if each['passed'] else 'FAILED'}: {escape(each['name'])}</li>"
        for each in facts["assertions"]
    )
    path = run / "report.html"
    path.write_text(PAGE.format(tables=tables, verdicts=verdicts))
    return path


def compared(before: Path, after: Path) -> list[str]:
    """What differs between two runs, a line each. Raises WrongCallError."""
    old, new = _figures(read_run(before / "run.json")), _figures(read_run(after / "run.json"))
    names = sorted(old.keys() | new.keys())
    return [
        f"{name}: {old.get(name, 'absent')} -> {new.get(name, 'absent')}"
        for name in names
        if old.get(name) != new.get(name)
    ]


def read_run(path: Path) -> dict[str, Any]:
    """Raises WrongCallError."""
    try:
        facts: dict[str, Any] = json.loads(path.read_text())
        _figures(facts)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WrongCallError(f"cannot read {path}: {error!r}; run again: piperider run") from None
    return facts


def _figures(facts: dict[str, Any]) -> dict[str, object]:
    figures: dict[str, object] = {}
    for table in facts["tables"]:
        figures[f"{table['name']} rows"] = table["rows"]
        for column in table["columns"]:
            for figure in ("nulls", "distinct", "lowest", "highest"):
                figures[f"{table['name']}.{column['name']} {figure}"] = column[figure]
    return figures


def _row(column: dict[str, Any]) -> str:
    values = (column[name] for name in ("name", "kind", "nulls", "distinct", "lowest", "highest"))
    return "<tr>" + "".join(f"<td>{escape(str(value))}" for value in values) + "</tr>"


def _numbered(runs: Path) -> list[Path]:
    return [path for path in runs.glob("*") if path.name.isdecimal()]

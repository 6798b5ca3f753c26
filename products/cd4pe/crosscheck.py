"""Whether anything of installations that have opted out is stored: the vendor's look at itself.

Takes what `cd4pe.py analytics` of each installation prints, one a line, and asks the running server
for rows of its license since it opted out, by its clock. Visits of pages name no installation, so
they can be counted for none; the product's tests count those on the wire.
"""

import argparse
import json
import subprocess
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

EXAMPLE = """
Example:
  python cd4pe.py analytics --disk /disk | python crosscheck.py --data data
Prints a line of JSON for each installation: {"license": "…", "analytics": "off", "rows": 0}.
Exit code: 0 if nothing is stored of those that have opted out, 1 if something is, 2 if unasked.
"""
ANY = "select count(*) as n from snapshots where product = 'cd4pe'"
ROWS = """select {number} as number, count(*) as n from "cd4pe".snapshot_installation
    where license = '{license}' and received_at >= '{since}'"""
BEGINNING = "1970-01-01T00:00:00"


class UnaskedError(RuntimeError):
    """What the server was to say, or what an installation said, cannot be used."""


@dataclass(frozen=True, slots=True)
class Installation:
    """`refused_at` is None where no answer is kept: then nothing may be stored at all."""

    license: str
    is_off: bool
    refused_at: str | None


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    where = [word for name in ("data", "server", "token") if (given := getattr(options, name))
             for word in (f"--{name}", given)]  # fmt: skip
    try:
        installations = [_installation(line) for line in filter(str.strip, sys.stdin)]
        rows = rows_since(installations, where)
    except UnaskedError as error:
        print(f"crosscheck: {error}", file=sys.stderr)
        return 2
    for number, each in enumerate(installations):
        state = "off" if each.is_off else "on"
        print(json.dumps({"license": each.license, "analytics": state, "rows": rows.get(number)}))
    return int(any(rows.values()))


def rows_since(installations: Sequence[Installation], where: Sequence[str]) -> dict[int, int]:
    """How many rows are stored since each has opted out, by its place; of those that have."""
    off = {number: each for number, each in enumerate(installations) if each.is_off}
    if not off or not _asked(ANY, where)[0]["n"]:
        return dict.fromkeys(off, 0)  # nothing of any installation
    queries = (
        ROWS.format(number=number, license=each.license, since=each.refused_at or BEGINNING)
        for number, each in off.items()
    )
    return {row["number"]: row["n"] for row in _asked(" union all ".join(queries), where)}


def _asked(sql: str, where: Sequence[str]) -> list[dict[str, int]]:
    command = [sys.executable, "-m", "glasshouse.cli.main", "sql", sql, "--format", "json", *where]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnaskedError(done.stderr.strip() or f"glasshouse sql ended with {done.returncode}")
    rows: list[dict[str, int]] = json.loads(done.stdout)
    return rows


def _installation(line: str) -> Installation:
    """What an installation printed. Nothing of it reaches a query but a UUID and a time."""
    expected = "what `cd4pe.py analytics` prints, of an installation with a license"
    try:
        facts: dict[str, Any] = json.loads(line)
        refused_at = facts["refused_at"]
        if refused_at is not None:
            refused_at = datetime.fromisoformat(refused_at).strftime("%Y-%m-%dT%H:%M:%S")
        return Installation(
            str(uuid.UUID(facts["license"])), facts["analytics"] == "off", refused_at
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UnaskedError(f"found {line.strip()[:200]!r}; expected {expected}") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="data directory of the server on this machine")
    parser.add_argument("--server", help="address of another machine's server")
    parser.add_argument("--token", help="a token that may read raw items there")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

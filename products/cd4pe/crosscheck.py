"""Whether anything of installations that have opted out is stored: the vendor's look at itself.

Takes what `cd4pe.py analytics` of each installation prints, one a line, and asks the running server
for rows of its license since it opted out. Visits of pages name no installation, so they can be
counted for none; the product's tests count those on the wire.
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
ROWS = """select count(*) as n from "cd4pe".snapshot_installation
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
    is_wrong = False
    try:
        for line in filter(str.strip, sys.stdin):
            installation = _installation(line)
            rows = rows_of(installation, where) if installation.is_off else None
            state = "off" if installation.is_off else "on"
            print(json.dumps({"license": installation.license, "analytics": state, "rows": rows}))
            is_wrong = is_wrong or bool(rows)
    except UnaskedError as error:
        print(f"crosscheck: {error}", file=sys.stderr)
        return 2
    return int(is_wrong)


def rows_of(installation: Installation, where: Sequence[str]) -> int:
    """How many rows are stored of it since it opted out."""
    if not _asked(ANY, where):
        return 0  # nothing of any installation
    since = installation.refused_at or BEGINNING
    return _asked(ROWS.format(license=installation.license, since=since), where)


def _asked(sql: str, where: Sequence[str]) -> int:
    command = [sys.executable, "-m", "glasshouse.cli.main", "sql", sql, "--format", "json", *where]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnaskedError(done.stderr.strip() or f"glasshouse sql ended with {done.returncode}")
    return int(json.loads(done.stdout)[0]["n"])


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

"""The report that waits in the client's spool: not delivered yet, or only previewed."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from glasshouse_sdk.claims import claims, open_files
from glasshouse_sdk.refusing import discard_everything
from glasshouse_sdk.state import State


def says(state: Path, version: str, instance: str) -> bool:
    """Whether what waits is a report of this host and this version of the server."""
    return any(
        (report.get("version"), report["instance"]) == (version, instance)
        for report in _reports(state)
    )


def discard(state: Path) -> None:
    if _reports(state):
        discard_everything(State(str(state)))


def request_body(state: Path, manifest: Path, environment: Mapping[str, str]) -> str:
    """The body of the request in which it will leave, byte for byte."""
    command = [
        sys.executable, "-m", "glasshouse_sdk.cli",
        "--manifest", str(manifest), "--state", str(state), "preview", "--json",
    ]  # fmt: skip
    result = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
    return "".join(request["body"] for request in json.loads(result.stdout)["requests"])


def _reports(state: Path) -> list[dict[str, str]]:
    known = State(str(state))
    paths = [claim.path for claim in claims(known)] + open_files(known)
    return [json.loads(line) for path in paths for line in Path(path).read_bytes().splitlines()]

"""How far the host's report is on its way, as the client's state directory has it."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from glasshouse_sdk.claims import claims, open_files
from glasshouse_sdk.refusing import discard_everything
from glasshouse_sdk.sender.history import entries
from glasshouse_sdk.state import State


def is_acknowledged(state: Path, instance: str) -> bool:
    """Whether the collector has taken a report of this host."""
    return any(
        attempt["verdict"] == "acknowledged"
        for entry in entries(State(str(state)))
        if instance.encode() in entry.body
        for attempt in entry.attempts
    )


def is_waiting(state: Path, instance: str, version: str) -> bool:
    """Whether a report of this host and this version of the server waits in the spool."""
    return any(
        (report["instance"], report.get("version")) == (instance, version)
        for report in _waiting(state)
    )


def discard(state: Path) -> None:
    """Removes what waits, such as the report of a version that has been replaced since."""
    if _waiting(state):
        discard_everything(State(str(state)))


def request_body(state: Path, manifest: Path, environment: Mapping[str, str]) -> str:
    """The body of the request in which the waiting report will leave, byte for byte."""
    command = [
        sys.executable, "-m", "glasshouse_sdk.cli.main",
        "--manifest", str(manifest), "--state", str(state), "preview", "--body",
    ]  # fmt: skip
    result = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
    return result.stdout


def _waiting(state: Path) -> list[dict[str, str]]:
    known = State(str(state))
    paths = [claim.path for claim in claims(known)] + open_files(known)
    lines = [line for path in paths for line in Path(path).read_bytes().splitlines()]
    # A full disk can tear a line; what is left of it is no report.
    return [json.loads(line) for line in lines if line.endswith(b"}}")]

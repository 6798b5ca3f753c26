"""Runs a driver that counts packets in a network namespace: the side of the test."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NAMESPACE = ("unshare", "--net", "--mount")
TESTS = Path(__file__).parents[1]  # where a driver finds `silence`


def reports(driver: Path, directory: Path, seconds: float = 600) -> list[dict[str, Any]]:
    """What `python DRIVER DIRECTORY` printed with `wire.report`; the test is skipped where the
    machine allows no namespaces.
    """
    _skip_where_not_allowed()
    path = os.pathsep.join(filter(None, (str(TESTS), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [*NAMESPACE, sys.executable, driver, directory],
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=seconds,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def _skip_where_not_allowed() -> None:
    check = [*NAMESPACE, "ip", "link", "set", "lo", "up"]
    try:
        allowed = subprocess.run(check, capture_output=True, text=True)
    except FileNotFoundError as error:
        pytest.skip(f"no packet was counted: {error.filename} is not installed")
    if allowed.returncode:
        reason = allowed.stderr.strip()
        pytest.skip(f"no packet was counted: this machine allows no network namespaces ({reason})")

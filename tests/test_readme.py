"""README's "Your own product in fifteen minutes" is run as it stands, from top to bottom."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

README = Path(__file__).parents[1] / "README.md"
ADDRESS = "127.0.0.1:8090"


class Newcomer:
    """A person with a terminal in a directory; what they see is kept in `seen`."""

    def __init__(self, directory, address):
        self.directory = directory
        self.address = address
        self.seen = ""
        self.sessions = []
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory / "home"),
        }

    def types(self, command):
        """Run a command in a session of its own, so that what it leaves running can be ended."""
        screen = self.directory / f"screen-{len(self.sessions)}"
        with screen.open("wb") as output:
            shell = subprocess.Popen(
                command,
                cwd=self.directory,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self.sessions.append(shell.pid)
            status = shell.wait(120)
        shown = screen.read_text()
        assert status == 0, (command, shown)
        self.seen += shown

    def accounting(self):
        return httpx.get(f"http://{self.address}/health/accounting", trust_env=False).json()

    def leaves(self):
        """End what still runs, and wait until it has."""
        deadline = time.monotonic() + 30
        for session in self.sessions:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(session, signal.SIGTERM)
                while time.monotonic() < deadline:
                    os.killpg(session, 0)
                    time.sleep(0.05)


def wait_until(fact):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if fact():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("it did not happen within a minute")


@pytest.fixture
def newcomer(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    (tmp_path / ".venv").symlink_to(sys.prefix)
    person = Newcomer(tmp_path, address)
    yield person
    person.leaves()


def test_the_fifteen_minutes_run(newcomer):
    part = README.read_text().partition("## Your own product in fifteen minutes")[2]
    blocks = re.findall(r"```(\w+)\n(.*?)```", part.partition("\n## ")[0], re.DOTALL)
    assert [kind for kind, _ in blocks] == ["sh", "sh", "sh", "python", "sh"]
    write, serve, record, program, ask = (code for _, code in blocks)

    newcomer.types(["bash", "-ec", write])
    assert "my-tool.toml: fine." in newcomer.seen
    # The one thing that differs from the page: a port that is free here.
    manifest = newcomer.directory / "my-tool.toml"
    assert ADDRESS in manifest.read_text()
    manifest.write_text(manifest.read_text().replace(ADDRESS, newcomer.address))

    assert ADDRESS in serve
    newcomer.types(["bash", "-ec", serve.replace(ADDRESS, newcomer.address)])
    ready = f"http://{newcomer.address}/health/ready"
    wait_until(lambda: httpx.get(ready, trust_env=False).status_code == 200)

    newcomer.types(["bash", "-ec", record])
    newcomer.types([".venv/bin/python", "-c", program])

    def both_are_stored():
        return newcomer.accounting()["products"]["my-tool"]["native"]["stored"] == 2

    newcomer.types(["bash", "-ec", record.splitlines()[1]])  # it would leave within a minute
    wait_until(both_are_stored)
    assert newcomer.accounting()["difference"] == 0

    newcomer.seen = ""
    newcomer.types(["bash", "-ec", ask])
    days = re.findall(r"^\d{4}-\d\d-\d\d +(\d+) ", newcomer.seen, re.MULTILINE)
    assert sum(map(int, days)) == 1, newcomer.seen

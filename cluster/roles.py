"""Processes of Glasshouse on loopback: collectors, loaders and consoles over given engines."""

import json
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from bench.server import free_port

from cluster.process import Process

PATIENCE = 90.0  # seconds for a start on a busy machine


class RoleUnavailableError(OSError):
    """A process does not become ready; its log says more."""


class RoleProcess:
    """`glasshouse serve --role …` in a directory of its own. Nothing runs before `start`."""

    def __init__(self, directory: Path, role: str, journal: str, store: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.role = role
        self.name = directory.name
        self.data = directory / "data"
        self.port = free_port()
        command = [sys.executable, "-m", "glasshouse.cli.main", "serve", "--role", role]
        command += ["--data", str(self.data), "--listen", f"127.0.0.1:{self.port}"]
        command += ["--journal", journal, "--store", store, "--log-format", "logfmt"]
        self.process = Process(command, directory)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        return self.process.pid

    def start(self) -> None:
        self.process.start()

    def stop(self) -> None:
        self.process.stop()

    def kill(self) -> None:
        self.process.kill()

    def runs(self) -> bool:
        return self.process.runs()

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health/ready", timeout=5):
                return True
        except OSError:
            return False

    def wait_until_ready(self) -> None:
        give_up = time.monotonic() + PATIENCE
        while not self.is_ready():
            if time.monotonic() > give_up or not self.runs():
                said = self.process.log.read_text()[-2000:]
                raise RoleUnavailableError(f"{self.name} is not ready:\n{said}")
            time.sleep(0.1)

    def get(self, path: str) -> Any:
        """What it answers, as JSON. Of a console with the token of its machine."""
        return self.call(path)

    def call(self, path: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(f"{self.url}{path}", data=body)
        if self.role == "console":
            token = json.loads((self.data / "server.json").read_text())["token"]
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=600) as answer:
            return json.load(answer)

"""Processes of Glasshouse on loopback: collectors, loaders and consoles over given engines."""

import json
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.server import free_port

from cluster.process import Process

PATIENCE = 90.0  # seconds for a start on a busy machine


class RoleProcess(Process):
    """`glasshouse serve --role …` in a directory of its own."""

    def __init__(self, directory: Path, role: str, journal: str, store: str) -> None:
        super().__init__(directory)
        self.role = role
        self.data = directory / "data"
        self.port = free_port()
        self._engines = ("--journal", journal, "--store", store)

    def command(self) -> Sequence[str]:
        serve = (sys.executable, "-m", "glasshouse.cli.main", "serve", "--role", self.role)
        where = ("--data", str(self.data), "--listen", f"127.0.0.1:{self.port}")
        return *serve, *where, *self._engines, "--log-format", "logfmt"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health/ready", timeout=5):
                return True
        except OSError:
            return False

    def wait_until_ready(self) -> None:
        self.wait_until(self.is_ready, PATIENCE)

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

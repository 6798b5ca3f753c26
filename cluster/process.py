"""A server's process, which can be ended as a crash would end it."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

PATIENCE = 60.0  # seconds for a stop on a busy machine


class Process:
    """One command, with its output in a log. Nothing runs before `start`."""

    def __init__(self, command: Sequence[str], directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._command = command
        self._directory = directory
        self.log = directory / "log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Of the process that runs."""
        return self._process.pid if self._process and self.runs() else None

    def start(self) -> None:
        """Start it, if it does not run."""
        if self.runs():
            return
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, cwd=self._directory
            )

    def stop(self) -> None:
        """Ask it to stop, and wait until it has."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(PATIENCE)
            finally:
                self.kill()

    def kill(self) -> None:
        """End it at once, as `kill -9` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

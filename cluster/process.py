"""A server's process, which can be ended as a crash would end it."""

import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

PATIENCE = 60.0  # seconds for a start or a stop on a busy machine
LAST_CHARACTERS = 2000  # of a log, to tell why a server does not answer


class UnavailableError(OSError):
    """A server does not run, or does not answer in time; says what its log says."""


class Process(ABC):
    """A server in a directory of its own, with its output in a log. Nothing runs before `start`.

    It can be stopped, killed and started again; whoever is one keeps its ports and its data.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.name = directory.name
        self.directory = directory
        self.log = directory / "log"
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> Sequence[str]:
        """The program with its arguments. Raises `NotInstalledError`."""

    @property
    def pid(self) -> int | None:
        """Of the process that runs."""
        return self._process.pid if self._process and self.runs() else None

    def start(self) -> None:
        """Start it, if it does not run. Raises `NotInstalledError`."""
        if self.runs():
            return
        command = self.command()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.directory)

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

    def wait_until(self, answers: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Wait for what one that was started is to do. Raises `UnavailableError`."""
        give_up = time.monotonic() + seconds
        while not answers():
            if time.monotonic() > give_up or not self.runs():
                raise UnavailableError(f"{self.name} does not answer:\n{self.said()}")
            time.sleep(0.1)

    def said(self) -> str:
        """The end of its log."""
        return self.log.read_text()[-LAST_CHARACTERS:] if self.log.exists() else ""


class Servers(Protocol):
    """Several that belong together."""

    def start(self) -> None:
        """Start what does not run, and wait until it is ready."""

    def kill(self) -> None: ...


Started = TypeVar("Started", bound=Servers)


@contextmanager
def started(servers: Started) -> Iterator[Started]:
    """Servers that run for as long as the block lasts."""
    try:
        servers.start()
        yield servers
    finally:
        servers.kill()

"""A server as a child process: started, waited for, stopped."""

import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

import httpx

READY_SECONDS = 60.0
STOP_SECONDS = 30.0


class ServerFailedError(RuntimeError):
    """The server did not become ready; the message holds the last thing that it said."""


class ServerProcess:
    """`glasshouse serve` on a data directory, for as long as the `with` block lasts.

    It is the leader of a session of its own: Ctrl-C on the terminal reaches the parent alone,
    which then stops the server in order.
    """

    def __init__(self, data: Path, listen: str) -> None:
        self.log = data / "server.log"
        self.url = f"http://{listen}"
        self._command = [
            sys.executable, "-m", "glasshouse.cli.main", "serve",
            "--data", str(data), "--listen", listen,
        ]  # fmt: skip

    def __enter__(self) -> Self:
        with self.log.open("ab") as log:
            self._start_of_log = log.tell()
            self._child = subprocess.Popen(  # noqa: S603 (our own program)
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._child.poll() is None:
            self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # What it has acknowledged is on disk; a server that hangs may be ended.
            self._child.kill()
            self._child.wait()

    def wait_until_ready(self) -> None:
        """Returns when /health/ready answers 200. Raises ServerFailedError if it never does."""
        deadline = time.monotonic() + READY_SECONDS
        with httpx.Client(base_url=self.url, timeout=2, trust_env=False) as client:
            while time.monotonic() < deadline:
                if self._child.poll() is not None:
                    raise ServerFailedError(self._failure())
                try:
                    if client.get("/health/ready").status_code == 200:
                        return
                except httpx.TransportError:
                    pass  # not listening yet
                time.sleep(0.05)
        raise ServerFailedError(f"it was not ready after {READY_SECONDS:g} s; see {self.log}")

    def wait_until_ended(self) -> NoReturn:
        """Waits for a server that ends by itself. Raises ServerFailedError with its last words."""
        self._child.wait()
        raise ServerFailedError(f"the server ended: {self._failure()}")

    def _failure(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self._start_of_log)
            lines = log.read().decode(errors="replace").strip().splitlines()
        last = lines[-1] if lines else f"it ended with {self._child.returncode} and said nothing"
        return f"{last} (all of it: {self.log})"

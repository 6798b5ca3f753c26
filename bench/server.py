"""A real server process on a fresh directory, for the benchmarks."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_TRIES = 20
PROGRAM = ("-m", "glasshouse.cli.main")
PATIENCE = 120.0  # seconds for a server to start, or to stop
MANIFEST = Path(__file__).with_name("bench.toml")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server with the bench product registered."""

    pid: int
    data: Path
    address: tuple[str, int]
    token: str
    digest: str
    key: str

    def get(self, path: str) -> Any:
        host, port = self.address
        for _ in range(MOST_TRIES):
            try:
                with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=60) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError:  # 503: a collector that waits for the first one
                time.sleep(1)
        raise TimeoutError(f"{path} was answered with an error {MOST_TRIES} times")

    def sql(self, text: str) -> list[dict[str, Any]]:
        host, port = self.address
        request = urllib.request.Request(
            f"http://{host}:{port}/api/v1/sql",
            data=json.dumps({"sql": text}).encode(),
            headers={"Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            rows: list[dict[str, Any]] = json.load(answer)["rows"]
            return rows

    def stored(self) -> int:
        doors = self.get("/health/accounting")["products"].get("bench", {})
        return sum(door["stored"] for door in doors.values())

    def wait_until_stored(self, items: int, seconds: float = 300) -> float:
        """Seconds until so many items are in the store."""
        start = time.monotonic()
        while self.stored() < items:
            if time.monotonic() > start + seconds:
                raise TimeoutError(f"{self.stored()} of {items} stored after {seconds} s")
            time.sleep(0.05)
        return time.monotonic() - start


def free_port() -> int:
    """A port that nobody listens on. No connection of this machine takes it meanwhile, as it could
    take one of those that the kernel hands out.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@contextmanager
def running(
    data: Path,
    port: int = 0,
    program: Sequence[str] = PROGRAM,
    under: Sequence[str] = (),
    directory: Path | None = None,
    **settings: str,
) -> Iterator[Server]:
    """A server of `program` for as long as the block lasts, perhaps `under` a tracer or
    in a working `directory`.

    `settings` are GLASSHOUSE_* variables without the prefix, in lower case.
    """
    environment = dict(os.environ)  # noqa: TID251
    environment |= {f"GLASSHOUSE_{name.upper()}": value for name, value in settings.items()}
    command = [*under, sys.executable, *program, "serve"]
    command += ["--data", str(data), "--listen", f"127.0.0.1:{port}"]
    # What a killed server has written of itself may by now be another's address and process.
    (data / "server.json").unlink(missing_ok=True)
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, cwd=directory)
    try:
        yield _registered(process, data)
    finally:
        _stop(process, data)


def _stop(process: subprocess.Popen[bytes], data: Path) -> None:
    """Ask the server itself to stop, which is not the process that was started under a tracer.

    One that is still starting hears nothing yet.
    """
    give_up, is_asked = time.monotonic() + PATIENCE, False
    while process.poll() is None:
        is_asked = is_asked or _signal(data, signal.SIGTERM)
        try:
            process.wait(1)
        except subprocess.TimeoutExpired:
            if time.monotonic() > give_up:
                process.kill()
                _signal(data, signal.SIGKILL)
                raise


def _signal(data: Path, number: signal.Signals) -> bool:
    """Whether there was a server to be sent it."""
    with suppress(OSError, ValueError, KeyError):
        os.kill(int(json.loads((data / "server.json").read_text())["pid"]), number)
        return True
    return False


def _registered(process: subprocess.Popen[bytes], data: Path) -> Server:
    facts = _facts(process, data)
    request = urllib.request.Request(
        facts["url"] + "/api/v1/products",
        data=MANIFEST.read_bytes(),
        headers={"Authorization": f"Bearer {facts['token']}"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        product = json.load(answer)
    host, _, port = facts["url"].removeprefix("http://").rpartition(":")
    key = next(key["key"] for key in product["write_keys"] if key["origin"] == "production")
    address = (host, int(port))
    return Server(int(facts["pid"]), data, address, facts["token"], product["digest"], key)


def _facts(process: subprocess.Popen[bytes], data: Path) -> dict[str, str]:
    """What the server says of itself once it answers."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode}")
        try:
            facts: dict[str, str] = json.loads((data / "server.json").read_text())
            with urllib.request.urlopen(facts["url"] + "/health/ready", timeout=5):
                return facts
        except (OSError, ValueError):
            time.sleep(0.05)
    raise TimeoutError("the server did not become ready")

"""A real ZooKeeper on loopback, by which replicas of ClickHouse know of each other's parts."""

import os
import shutil
import socket
import time
from pathlib import Path

from bench.server import free_port

from cluster.process import Process

LIBRARY = Path("/usr/share/java/zookeeper.jar")
PATIENCE = 60.0  # seconds for a start on a busy machine

# Its memory is small, and it asks for nothing but a directory.
COMMAND = (
    "java",
    "-Xmx192m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-cp",
    str(LIBRARY),
    "org.apache.zookeeper.server.ZooKeeperServerMain",
)

CONFIGURATION = """
tickTime=2000
dataDir={data}
clientPort={port}
clientPortAddress=127.0.0.1
admin.enableServer=false
4lw.commands.whitelist=ruok
maxClientCnxns=0
"""


class ZooKeeperUnavailableError(OSError):
    """It is not installed or does not answer; its log says more."""


def has_zookeeper() -> bool:
    """Whether it is installed."""
    return LIBRARY.exists() and shutil.which("java") is not None


class ZooKeeper:
    """One server. `directory` holds its configuration, its log and its data."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.data = directory / "data"
        configuration = directory / "zoo.cfg"
        configuration.write_text(CONFIGURATION.format(data=self.data, port=self.port))
        self.process = Process((*COMMAND, os.fspath(configuration)), directory)

    def start(self) -> None:
        """Start it, if it does not run, and wait until it answers."""
        if not has_zookeeper():
            raise ZooKeeperUnavailableError(
                "ZooKeeper is not installed (Debian: apt install --no-install-recommends zookeeper)"
            )
        self.process.start()
        give_up = time.monotonic() + PATIENCE
        while not self._answers():
            if time.monotonic() > give_up or not self.process.runs():
                raise ZooKeeperUnavailableError(self.process.log.read_text()[-2000:])
            time.sleep(0.1)

    def stop(self) -> None:
        self.process.stop()

    def kill(self) -> None:
        self.process.kill()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(b"ruok")
                return connection.recv(16) == b"imok"
        except OSError:
            return False

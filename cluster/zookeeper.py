"""A real ZooKeeper on loopback, by which replicas of ClickHouse know of each other's parts."""

import socket
from collections.abc import Sequence
from pathlib import Path

from bench.server import free_port

from cluster.packages import ZOOKEEPER
from cluster.process import Process

# Its memory is small, and it asks for nothing but a directory.
ARGUMENTS = (
    "-Xmx192m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-cp",
    str(ZOOKEEPER.library),
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


class ZooKeeper(Process):
    """One server. `directory` holds its configuration, its log and its data."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.port = free_port()
        self.data = directory / "data"
        self._configuration = directory / "zoo.cfg"
        self._configuration.write_text(CONFIGURATION.format(data=self.data, port=self.port))

    def command(self) -> Sequence[str]:
        return ZOOKEEPER.path(), *ARGUMENTS, str(self._configuration)

    def start(self) -> None:
        """Start it, if it does not run, and wait until it answers."""
        super().start()
        self.wait_until(self._answers)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(b"ruok")
                return connection.recv(16) == b"imok"
        except OSError:
            return False

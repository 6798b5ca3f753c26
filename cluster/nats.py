"""A real cluster of nats-server with JetStream on loopback, in a directory of one's own.

    with started(NatsCluster(directory)) as cluster:
        journal = open_journal(..., address=cluster.address)
        cluster.nodes[cluster.leader_of("journal_0")].kill()

Nodes can be stopped, killed and started again; each keeps its ports and its store.
"""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.server import free_port

from cluster.packages import NATS
from cluster.process import PATIENCE, Process, UnavailableError

CONFIGURATION = """
server_name: {name}
listen: "127.0.0.1:{port}"
http: "127.0.0.1:{monitor}"
max_payload: {max_payload}
jetstream {{ store_dir: "{store}", max_file_store: 4GB, max_memory_store: 64MB }}
"""
# A server alone would wait for the others of its cluster for ever.
OF_SEVERAL = """
cluster {{
  name: glasshouse
  listen: "127.0.0.1:{route}"
  routes: [{routes}]
}}
"""


class Node(Process):
    """One server. `directory` holds its configuration, its log, and in `store` its streams."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.store = directory / "store"
        self.port, self.monitor, self.route = free_port(), free_port(), free_port()
        self._configuration = directory / "nats.conf"

    def command(self) -> Sequence[str]:
        return NATS.path(), "-c", str(self._configuration)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def configure(self, routes: list[int], max_payload: int) -> None:
        self._configuration.write_text(
            (CONFIGURATION + (OF_SEVERAL if len(routes) > 1 else "")).format(
                name=self.name,
                port=self.port,
                monitor=self.monitor,
                route=self.route,
                store=self.store,
                max_payload=max_payload,
                routes=", ".join(f'"nats://127.0.0.1:{port}"' for port in routes),
            )
        )

    def state(self, path: str) -> dict[str, Any]:
        """What its monitoring port says, such as `/jsz?streams=true`; {} if it says nothing."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.monitor}{path}", timeout=5
            ) as answer:
                said = json.load(answer)
        except (OSError, urllib.error.HTTPError, ValueError):
            return {}
        return said if isinstance(said, dict) else {}


class NatsCluster:
    """Nodes that know each other. Nothing runs before `start`."""

    def __init__(self, directory: Path, nodes: int = 3, max_payload: int = 8 * 1024 * 1024) -> None:
        self.nodes = {f"n{n}": Node(directory / f"n{n}") for n in range(1, nodes + 1)}
        routes = [node.route for node in self.nodes.values()]
        for node in self.nodes.values():
            node.configure(routes, max_payload)

    @property
    def address(self) -> str:
        """As GLASSHOUSE_JOURNAL takes it: nats://127.0.0.1:4222,127.0.0.1:4223,…"""
        return "nats://" + ",".join(node.address for node in self.nodes.values())

    @property
    def stores(self) -> list[Path]:
        """Every node's store directory, for a search of bytes."""
        return [node.store for node in self.nodes.values()]

    def start(self) -> None:
        """Start every node that does not run, and wait until streams can be made."""
        for node in self.nodes.values():
            node.start()
        self.wait_until_ready()

    def stop(self) -> None:
        for node in self.nodes.values():
            node.stop()

    def kill(self) -> None:
        for node in self.nodes.values():
            node.kill()

    def wait_until_ready(self) -> None:
        """Every node that runs answers, knows a leader, and has caught up with its streams."""
        give_up = time.monotonic() + PATIENCE
        while not self._is_ready():
            if time.monotonic() > give_up:
                said = "\n".join(node.said() for node in self.nodes.values())
                raise UnavailableError(f"NATS is not ready after {PATIENCE:g} s:\n{said}")
            time.sleep(0.1)

    def _is_ready(self) -> bool:
        running = [node for node in self.nodes.values() if node.runs()]
        if not running:
            return False
        for node in running:
            leader = (node.state("/jsz").get("meta_cluster") or {}).get("leader")
            leads = leader or len(self.nodes) == 1
            if not leads or node.state("/healthz").get("status") != "ok":
                return False
        return True

    def leader_of(self, stream: str) -> str:
        """The name of the node that leads a stream now."""
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            for node in self.nodes.values():
                if node.runs() and (leader := _leader(node.state("/jsz?streams=true"), stream)):
                    return leader
            time.sleep(0.1)
        raise UnavailableError(f"stream {stream} has no leader after {PATIENCE:g} s")


def _leader(state: dict[str, Any], stream: str) -> str | None:
    for account in state.get("account_details") or ():
        for detail in account.get("stream_detail") or ():
            if detail.get("name") == stream:
                leader: str | None = (detail.get("cluster") or {}).get("leader")
                return leader
    return None

"""Real ClickHouse servers on loopback: shards and replicas, in a directory of one's own.

    with started(ClickHouseCluster(directory)) as cluster:
        store = open_store(..., address=cluster.address("glasshouse"))
        cluster.nodes["s1r2"].kill()

Servers can be stopped, killed and started again; each keeps its ports and its data.
"""

import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from bench.server import free_port

from cluster.packages import CLICKHOUSE
from cluster.process import LAST_CHARACTERS, Process
from cluster.zookeeper import ZooKeeper

NAME = "glasshouse"

CONFIGURATION = """<?xml version="1.0"?>
<yandex>
  <logger><level>warning</level><log>{directory}/server.log</log>
    <errorlog>{directory}/errors.log</errorlog><size>100M</size><count>1</count></logger>
  <http_port>{http}</http_port>
  <tcp_port>{port}</tcp_port>
  <interserver_http_port>{interserver}</interserver_http_port>
  <interserver_http_host>127.0.0.1</interserver_http_host>
  <listen_host>127.0.0.1</listen_host>
  <timezone>UTC</timezone>
  <path>{data}/</path>
  <tmp_path>{data}/tmp/</tmp_path>
  <user_files_path>{data}/user_files/</user_files_path>
  <format_schema_path>{data}/format_schemas/</format_schema_path>
  <users_config>{directory}/users.xml</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <mark_cache_size>67108864</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <max_concurrent_queries>200</max_concurrent_queries>
  <keep_alive_timeout>3</keep_alive_timeout>
  <remote_servers><{name}>{shards}</{name}></remote_servers>
  {zookeeper}
</yandex>
"""
ZOOKEEPER = """<zookeeper><node><host>127.0.0.1</host><port>{port}</port></node>
    <session_timeout_ms>10000</session_timeout_ms></zookeeper>"""
SHARD = "<shard><internal_replication>true</internal_replication>{replicas}</shard>"
REPLICA = """<replica><host>127.0.0.1</host><port>{port}</port>
    <user>{user}</user><password>{password}</password></replica>"""
USERS = """<?xml version="1.0"?>
<yandex>
  <profiles><default>
    <max_memory_usage>2000000000</max_memory_usage>
    <background_pool_size>4</background_pool_size>
    <load_balancing>in_order</load_balancing>
    <log_queries>0</log_queries>
    <max_threads>2</max_threads>
  </default></profiles>
  <users><{user}>
    <password>{password}</password>
    <networks><ip>127.0.0.1</ip></networks>
    <profile>default</profile><quota>default</quota>
  </{user}></users>
  <quotas><default></default></quotas>
</yandex>
"""
USER, PASSWORD = "glasshouse", "a local test"


class Node(Process):
    """One server. `data` holds its tables."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.data = directory / "data"
        self.port, self.http, self.interserver = free_port(), free_port(), free_port()
        self._configuration = directory / "config.xml"

    def command(self) -> Sequence[str]:
        return CLICKHOUSE.path(), f"--config-file={self._configuration}"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def configure(self, shards: str, zookeeper: str) -> None:
        self.data.mkdir(exist_ok=True)
        (self.directory / "users.xml").write_text(
            USERS.format(user=USER, password=escape(PASSWORD))
        )
        self._configuration.write_text(
            CONFIGURATION.format(
                directory=self.directory,
                data=self.data,
                http=self.http,
                port=self.port,
                interserver=self.interserver,
                name=NAME,
                shards=shards,
                zookeeper=zookeeper,
            )
        )

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/ping", timeout=5) as answer:
                return bool(answer.read() == b"Ok.\n")
        except (OSError, urllib.error.HTTPError):
            return False

    def said(self) -> str:
        """The ends of its logs: what is wrong with a server that has started stands in another."""
        errors = self.directory / "errors.log"
        return super().said() + (errors.read_text()[-LAST_CHARACTERS:] if errors.exists() else "")


class ClickHouseCluster:
    """Shards of replicas with their ZooKeeper. Nothing runs before `start`."""

    def __init__(self, directory: Path, shards: int = 2, replicas: int = 2) -> None:
        self.zookeeper = ZooKeeper(directory / "zookeeper")
        names = [
            [f"s{shard}r{replica}" for replica in range(1, replicas + 1)]
            for shard in range(1, shards + 1)
        ]
        self.nodes = {name: Node(directory / name) for replicas_ in names for name in replicas_}
        members = "".join(
            SHARD.format(replicas="".join(_replica(self.nodes[name]) for name in shard))
            for shard in names
        )
        for node in self.nodes.values():
            node.configure(members, ZOOKEEPER.format(port=self.zookeeper.port))

    def address(self, database: str = "glasshouse") -> str:
        """As GLASSHOUSE_STORE takes it: clickhouse://user:password@host:9000,…/database?cluster=…"""
        hosts = ",".join(node.address for node in self.nodes.values())
        whose = f"{USER}:{PASSWORD.replace(' ', '%20')}"
        return f"clickhouse://{whose}@{hosts}/{database}?cluster={NAME}"

    @property
    def directories(self) -> list[Path]:
        """Every node's data, for a search of bytes."""
        return [node.data for node in self.nodes.values()]

    def start(self) -> None:
        """Start what does not run, and wait until it answers."""
        self.zookeeper.start()
        for node in self.nodes.values():
            node.start()
        self.wait_until_ready()

    def stop(self) -> None:
        for node in self.nodes.values():
            node.stop()
        self.zookeeper.stop()

    def kill(self) -> None:
        for node in self.nodes.values():
            node.kill()
        self.zookeeper.kill()

    def wait_until_ready(self) -> None:
        """Every server that was started answers."""
        for node in self.nodes.values():
            node.wait_until(node.answers)


def _replica(node: Node) -> str:
    return REPLICA.format(port=node.port, user=USER, password=escape(PASSWORD))

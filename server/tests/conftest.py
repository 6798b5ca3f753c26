"""What tests of several parts share: the ClickHouse of this process, and real servers of it.

A process can have one of the first and starts the others once, so tests with them are in groups:
`xdist_group("chdb")` and `xdist_group("clickhouse")`. Each takes a database of its own.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster.clickhouse import ClickHouseCluster, clickhouse_cluster, clickhouse_server
from cluster.zookeeper import has_zookeeper


@pytest.fixture(scope="session")
def chdb_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one directory of ClickHouse in this process: `open_store(it, address="chdb:///NAME")`."""
    return tmp_path_factory.mktemp("chdb")


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseCluster]:
    """Two shards of two replicas."""
    if clickhouse_server() is None or not has_zookeeper():
        pytest.skip(
            "clickhouse-server and zookeeper are not installed "
            "(Debian: apt install --no-install-recommends clickhouse-server zookeeper)"
        )
    with clickhouse_cluster(tmp_path_factory.mktemp("clickhouse")) as cluster:
        yield cluster

"""What tests of several areas share: a real NATS cluster, and ClickHouse in two ways.

A process can have one ClickHouse in itself, and starts servers once, so tests with them are in
groups: `xdist_group("chdb")`, `xdist_group("clickhouse")` and `xdist_group("nats")`. Each takes a
database, or a name, of its own.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cluster.clickhouse import ClickHouseCluster
from cluster.nats import NatsCluster
from cluster.packages import CLICKHOUSE, NATS, ZOOKEEPER, Package
from cluster.process import started

from glasshouse.jetstream import Address, JetStream

NAMES = itertools.count()


def skip_without(*packages: Package) -> None:
    for package in packages:
        if not package.is_installed():
            pytest.skip(package.advice)


@pytest.fixture(scope="session")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsCluster]:
    """Three servers, for all tests of this process. Mark those with `xdist_group("nats")`."""
    skip_without(NATS)
    with started(NatsCluster(tmp_path_factory.mktemp("nats"))) as cluster:
        yield cluster


@pytest.fixture
def connect(nats: NatsCluster) -> Iterator[Callable[[], JetStream]]:
    """Makes connections to a name of this test's own in the cluster."""
    nats.start()  # what another test has killed
    address = replace(Address.parse(nats.address), name=f"test{next(NAMES)}", partitions=2)
    made = []

    def connected() -> JetStream:
        made.append(JetStream(address, warn=lambda text: None))
        return made[-1]

    yield connected
    for jetstream in made:
        jetstream.close()


@pytest.fixture
def jetstream(connect: Callable[[], JetStream]) -> JetStream:
    return connect()


@pytest.fixture
def jetstream_of_one(nats: NatsCluster) -> Iterator[JetStream]:
    """A journal of one partition, so that what is appended comes back in its order."""
    nats.start()
    address = replace(Address.parse(nats.address), name=f"test{next(NAMES)}", partitions=1)
    jetstream = JetStream(address, warn=lambda text: None)
    yield jetstream
    jetstream.close()


@pytest.fixture(scope="session")
def chdb_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one directory of ClickHouse in this process: `open_store(it, address="chdb:///NAME")`."""
    return tmp_path_factory.mktemp("chdb")


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseCluster]:
    """Two shards of two replicas."""
    skip_without(CLICKHOUSE, ZOOKEEPER)
    with started(ClickHouseCluster(tmp_path_factory.mktemp("clickhouse"))) as cluster:
        yield cluster

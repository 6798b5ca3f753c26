"""What tests of several areas share: a real NATS cluster."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from cluster.nats import NatsCluster, nats_cluster, nats_server

from glasshouse.jetstream import Address, JetStream

NAMES = itertools.count()


@pytest.fixture(scope="session")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsCluster]:
    """Three servers, for all tests of this process. Mark those with `xdist_group("nats")`."""
    if nats_server() is None:
        pytest.skip("nats-server is not installed (Debian: apt install nats-server)")
    with nats_cluster(tmp_path_factory.mktemp("nats")) as cluster:
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

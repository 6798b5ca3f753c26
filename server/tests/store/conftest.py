"""The engines that the contract of a store is tested on."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from parcels import NUMBERS, Stream, World, manifest

from glasshouse.catalogue import Catalogue
from glasshouse.store import Store, open_store

KEY = b"k" * 32

# A process can have one ClickHouse of its own and starts servers once, so each has a group.
DUCKDB = pytest.param("duckdb")
CHDB = pytest.param("chdb", marks=pytest.mark.xdist_group("chdb"))
SERVERS = pytest.param("servers", marks=pytest.mark.xdist_group("clickhouse"))


@pytest.fixture(params=[DUCKDB, CHDB, SERVERS])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def opener(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Store]:
    """Opens a store of this test's own, as often as wanted."""
    database = f"test{next(NUMBERS)}"
    if engine == "chdb":
        directory = request.getfixturevalue("chdb_home")
        address = f"chdb:///{database}"
    elif engine == "servers":
        cluster = request.getfixturevalue("servers")
        cluster.start()  # what another test has killed
        directory, address = tmp_path, cluster.address(database)
    else:
        directory, address = tmp_path / "store", ""
    return lambda partition=0: open_store(
        directory, "1GB", erasure_key=KEY, address=address, partition=partition
    )


@pytest.fixture
def world(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """An empty store of the product acme."""
    open_ = opener(engine, request, tmp_path)
    catalogue = Catalogue(tmp_path / "catalogue")
    catalogue.add(manifest())
    made = World(tmp_path, open_, open_(), Stream(), catalogue, engine)
    yield made
    made.store.close()

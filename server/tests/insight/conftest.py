"""One generated fleet for all tests of insight, on every engine: loading it is what takes time."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import fleet as fleets
import great_fleet


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(True, id="duckdb"),
        pytest.param(False, id="chdb", marks=pytest.mark.xdist_group("chdb")),
    ],
)
def embedded(request):
    """Whether the store is the embedded one; otherwise it is ClickHouse, in this process."""
    return request.param


@pytest.fixture(scope="session")
def house(embedded, request):
    """Where a store of some name is, its directory and address; None for the embedded store."""
    if embedded:
        return lambda name: None
    home = request.getfixturevalue("chdb_home")
    return lambda name: (home, f"chdb:///{name}")


@pytest.fixture(scope="session")
def world(house, tmp_path_factory):
    made = fleets.world(tmp_path_factory.mktemp("fleet"), fleets.generated(), place=house("fleet"))
    yield made
    made.store.close()


@pytest.fixture(scope="session")
def great(house, tmp_path_factory):
    """The fleet of the golden answers."""
    made = fleets.world(
        tmp_path_factory.mktemp("great"),
        great_fleet.great_fleet(),
        great_fleet.GREAT_MANIFEST,
        place=house("great"),
    )
    yield made
    made.store.close()

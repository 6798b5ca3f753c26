"""One generated fleet for all tests of insight, on every engine: loading it is what takes time."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import fleet as fleets
import great_fleet


@pytest.fixture(
    scope="session", params=["duckdb", pytest.param("chdb", marks=pytest.mark.xdist_group("chdb"))]
)
def house(request, tmp_path_factory):
    """The engine's place: where a store of some name is."""
    if request.param == "duckdb":
        return lambda name: (tmp_path_factory.mktemp(name) / "store", "")
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

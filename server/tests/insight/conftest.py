"""One generated fleet for all tests of insight: loading it is what takes time."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import fleet as fleets
import great_fleet


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    made = fleets.world(tmp_path_factory.mktemp("fleet"), fleets.generated())
    yield made
    made.store.close()


@pytest.fixture(scope="session")
def great(tmp_path_factory):
    """The fleet of the golden answers."""
    made = fleets.world(
        tmp_path_factory.mktemp("great"), great_fleet.great_fleet(), great_fleet.GREAT_MANIFEST
    )
    yield made
    made.store.close()

"""What tests of several parts share."""

import pytest


@pytest.fixture(scope="session")
def chdb_home(tmp_path_factory):
    """Where ClickHouse in this process lives: it has one directory, whoever opens a store in it.

    Each takes a database of its own: `open_store(chdb_home, address="chdb:///NAME")`. Such tests
    are marked `xdist_group("chdb")`, so that one process loads it.
    """
    return tmp_path_factory.mktemp("chdb")

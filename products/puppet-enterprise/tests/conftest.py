"""PuppetDB: recorded, or the real one of Debian under PUPPET=real (`make test-puppet`)."""

import os
import sys
from pathlib import Path

import pytest
from bench.server import free_port

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import debian_puppet  # noqa: E402 (found by the path above)
from sample_site import FACTS, RecordedPuppetDb  # noqa: E402 (found by the path above)

IS_REAL = os.environ.get("PUPPET") == "real"


@pytest.fixture(scope="session")
def puppetdb(tmp_path_factory):
    """Its address."""
    if not IS_REAL:
        recorded = RecordedPuppetDb()
        yield recorded.url
        recorded.stop()
        return
    missing = debian_puppet.missing()
    assert not missing, f"PUPPET=real: {missing} missing; run `make test-puppet` as root"
    directory = tmp_path_factory.mktemp("debian")
    postgres = debian_puppet.Postgres(free_port())
    try:
        database = debian_puppet.PuppetDb(directory, free_port(), postgres.port)
        try:
            for certname, facts in FACTS.items():
                database.facts(certname, facts)
            database.deactivate(list(FACTS)[-1])
            yield database.url
        finally:
            database.stop()
    finally:
        postgres.stop()

"""What the programmes' tests share: a real collector, and the counter of packets."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from bench.server import free_port
from products.postgresql_server import PostgreSQL, postgresql_server

from glasshouse.cli.server import Server
from glasshouse.cli.server_file import running_server
from glasshouse.cli.server_process import ServerProcess

PATIENCE = 40.0  # seconds that a busy machine may take

T = TypeVar("T")

# For `silence.namespace`.
sys.path.insert(0, str(Path(__file__).parents[1] / "sdk" / "python" / "tests" / "client"))


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A collector with its console, one for the tests of a file."""
    with serving(tmp_path_factory.mktemp("data")) as server:
        yield server


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[Server]:
    """A collector of this test's own, on `tmp_path / "data"`."""
    (tmp_path / "data").mkdir()
    with serving(tmp_path / "data") as server:
        yield server


@contextmanager
def serving(data: Path) -> Iterator[Server]:
    with ServerProcess(data, f"127.0.0.1:{free_port()}") as process:
        process.wait_until_ready()
        server = awaited(lambda: running_server(data))
        assert server is not None  # noqa: S101 (a test's own)
        yield server


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], T]], T]:
    """Calls until the answer is not empty; that answer."""
    return awaited


def awaited(ask: Callable[[], T]) -> T:
    end = time.monotonic() + PATIENCE
    while not (answer := ask()):
        if time.monotonic() > end:
            raise AssertionError(f"{PATIENCE:g} s in vain: {answer!r}")
        time.sleep(0.2)
    return answer


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQL]:
    """A real PostgreSQL server, one for the tests of a file."""
    with postgresql_server() as server:
        yield server

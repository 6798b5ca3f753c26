"""A real PostgreSQL, of the distribution's package, for tests: in a fresh directory."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from bench.server import free_port

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
PASSWORD = "only of this test"  # noqa: S105 (of a server that ends with the test)
PATIENCE = 60.0  # seconds for a start


@dataclass(frozen=True, slots=True)
class PostgreSQL:
    """`url` has no password in it; that of its only user is `PASSWORD`."""

    port: int

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def ask(self, sql: str) -> str:
        """What psql prints. Raises AssertionError with what it says."""
        done = self._asked(sql)
        if done.returncode:
            raise AssertionError(done.stderr)
        return done.stdout.strip()

    def answers(self) -> bool:
        return self._asked("select 1").returncode == 0

    def _asked(self, sql: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAMS[-1] / "psql", "-Atc", sql, self.url],
            env={"PGPASSWORD": PASSWORD}, capture_output=True, text=True, check=False,
        )  # fmt: skip


@contextmanager
def postgresql_server() -> Iterator[PostgreSQL]:
    """Skips the test where the package is not there."""
    if not PROGRAMS:
        pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql)")
    # It refuses to run as root.
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    user = user if os.getuid() == 0 else []
    place = Path(tempfile.mkdtemp(prefix="glasshouse-postgresql-"))
    try:
        (place / "password").write_text(PASSWORD)
        if user:
            for path in (place, place / "password"):
                shutil.chown(path, "postgres", "postgres")
        data = place / "data"
        subprocess.run(
            [*user, PROGRAMS[-1] / "initdb", "-D", data, "--auth=scram-sha-256", "--no-sync",
             "--username=postgres", f"--pwfile={place / 'password'}"],
            cwd=place, capture_output=True, check=True,
        )  # fmt: skip
        port = free_port()
        process = subprocess.Popen(
            [*user, PROGRAMS[-1] / "postgres", "-D", data, "-p", str(port), "-k", place,
             "-h", "127.0.0.1", "-F"],
            cwd=place, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            server, end = PostgreSQL(port), time.monotonic() + PATIENCE
            while not server.answers():
                if time.monotonic() > end or process.poll() is not None:
                    raise AssertionError("PostgreSQL did not start")
                time.sleep(0.1)
            yield server
        finally:
            process.terminate()
            process.wait(60)
    finally:
        shutil.rmtree(place)

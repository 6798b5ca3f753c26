"""A real PostgreSQL, of Debian's package, in a directory that its own user can reach."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from cd4pe_container import free_port

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


class Cluster:
    """Skips the test where the package is not there."""

    def __init__(self):
        if not PROGRAMS:
            pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql)")
        # The server refuses to run as root.
        self._user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        if os.getuid() != 0:
            self._user = []
        self.place = Path(tempfile.mkdtemp(prefix="cd4pe-postgresql-"))
        if self._user:
            shutil.chown(self.place, "postgres", "postgres")
        self.port = free_port()
        self._run("initdb", "-D", self.place / "data", "--auth=scram-sha-256", "--no-sync",
                  "--username=postgres", f"--pwfile={self._password()}")  # fmt: skip
        self._process = subprocess.Popen(
            [*self._user, PROGRAMS[-1] / "postgres", "-D", self.place / "data", "-p",
             str(self.port), "-k", self.place, "-h", "127.0.0.1", "-F"],
            stderr=subprocess.DEVNULL, cwd=self.place,
        )  # fmt: skip
        end = time.monotonic() + 60
        while self._asked("postgres", "select 1").returncode:
            assert time.monotonic() < end, "PostgreSQL did not start"
            time.sleep(0.1)

    def database(self, name, user, password):
        """Its address, as DB_ENDPOINT has it."""
        self.ask("postgres", f"create user \"{user}\" password '{password}'")
        self.ask("postgres", f'create database {name} owner "{user}"')
        return f"postgresql://127.0.0.1:{self.port}/{name}"

    def ask(self, database, sql):
        done = self._asked(database, sql)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def close(self):
        self._process.terminate()
        self._process.wait(60)
        shutil.rmtree(self.place)

    def _asked(self, database, sql):
        psql = [PROGRAMS[-1] / "psql", "-h", self.place, "-p", str(self.port), "-U", "postgres"]
        return subprocess.run(
            [*psql, "-Atc", sql, database],
            env={**os.environ, "PGPASSWORD": "house"}, capture_output=True, text=True,
        )  # fmt: skip

    def _password(self):
        path = self.place / "password"
        path.write_text("house")
        path.chmod(0o644)
        return path

    def _run(self, program, *words):
        done = subprocess.run([*self._user, PROGRAMS[-1] / program, *words], capture_output=True,
                              text=True, cwd=self.place)  # fmt: skip
        assert done.returncode == 0, done.stderr

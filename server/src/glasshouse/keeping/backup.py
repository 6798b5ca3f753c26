"""A backup, made while the server runs: a directory of files with a list of their checksums.

Made between two cycles of the loader, so that the store's copy, the key files it lists and the
journal behind its position belong together. Acknowledging goes on meanwhile. The server's secrets
are not in it: without them the hashes in it cannot be tried out, so keep them elsewhere.

    backup.json            format, time, position, and size and SHA-256 of each file
    store/…  catalogue/…  journal/…  journal-aside/…  proofs/…  quarantine/…  people/…
    erasures.jsonl  retention.json
"""

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from glasshouse.catalogue.files import write_whole
from glasshouse.durability import sync_path
from glasshouse.keeping import ledger, retention
from glasshouse.keeping.holdings import Holdings
from glasshouse.people import database

FORMAT = 1
LIST = "backup.json"
STORE_FILE = Path("store") / "glasshouse.duckdb"
PROOFS = Path("proofs") / "verifiers.sqlite"
DATABASES = (PROOFS, database.NAME)
TREES = ("catalogue", "journal", "journal-aside", "quarantine")
FILES = (ledger.NAME, retention.NAME)


class BackupError(Exception):
    """A backup that cannot be made or used; the message says what to do."""


def back_up(holdings: Holdings, destination: Path, secrets: Path | None = None) -> dict[str, Any]:
    """Make a backup in a directory that does not exist yet. What backup.json says of it."""
    for path in filter(None, (destination, secrets)):
        if path.exists():
            raise BackupError(f"found {path}, expected a directory that does not exist yet")
    partial = destination.with_name(f".{destination.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    try:
        about = holdings.loader.do(lambda: _copy(holdings, partial))
        write_whole(partial / LIST, json.dumps(about, indent=1).encode() + b"\n")
        partial.rename(destination)
        sync_path(destination.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    if secrets is not None:
        shutil.copytree(holdings.data / "secrets", secrets)
        secrets.chmod(0o700)
    return about


def _copy(holdings: Holdings, to: Path) -> dict[str, Any]:
    data, store = holdings.data, holdings.store
    (to / "store" / "keys").mkdir(parents=True, mode=0o700)
    store.copy_to(to / STORE_FILE)
    for run in store.keys().runs:
        copy_file(data / "store" / "keys" / run.name, to / "store" / "keys" / run.name)
    for tree in TREES:
        for path in files_in(data / tree):
            copy_file(path, to / path.relative_to(data))
    for path in DATABASES:
        if (data / path).exists():
            copy_database(data / path, to / path)
    for name in FILES:
        if (data / name).exists():
            copy_file(data / name, to / name)
    if (to / database.NAME).exists():
        # What lets somebody in by itself may have been taken back since: it does not come back.
        with closing(sqlite3.connect(to / database.NAME, isolation_level=None)) as people:
            there = {name for (name,) in people.execute("select name from sqlite_master")}
            for table in {"sessions", "links", "tokens", "shares"} & there:
                people.execute(f"delete from {table}")  # noqa: S608 (names of ours)
            people.execute("vacuum")
    for path in [to, *(p for p in to.rglob("*") if p.is_dir())]:
        sync_path(path)
    position = store.position()
    return {
        "format": FORMAT,
        "made_at": holdings.now().isoformat(),
        "position": [position.segment, position.offset],
        "files": [describe(path, to) for path in files_in(to)],
    }


def copy_database(source: Path, target: Path) -> None:
    """As of one moment, whoever writes to it meanwhile."""
    target.parent.mkdir(mode=0o700)
    with closing(sqlite3.connect(source)) as found:
        found.execute("vacuum into ?", (str(target),))
    target.chmod(0o600)
    sync_path(target)


def files_in(directory: Path) -> Iterator[Path]:
    return (path for path in sorted(directory.rglob("*")) if path.is_file())


def copy_file(source: Path, target: Path) -> None:
    """Copy, synced. A journal segment that still grows is copied up to what it holds now."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copyfile(source, target)
    target.chmod(0o600)
    sync_path(target)


def describe(path: Path, root: Path) -> dict[str, Any]:
    return {
        "path": str(path.relative_to(root)),
        "size": path.stat().st_size,
        "sha256": checksum(path),
    }


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

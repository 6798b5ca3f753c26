"""The small state of one machine, taken over into that of a cluster: part of `glasshouse move`.

What is registered and set, the server's key, erasures, people with all that they set down, and the
proofs of instances. Again: what is there stays as it is.
"""

from collections.abc import Iterator
from pathlib import Path

from glasshouse.cli.clustered import CATALOGUE, SERVER_KEY, Clustered
from glasshouse.cli.errors import CommandError
from glasshouse.cli.installation import Installation
from glasshouse.collector.shared_proofs import SharedProofs
from glasshouse.keeping import ledger, retention
from glasshouse.people import Database
from glasshouse.replication import File, Replica

ROWS = 500  # at a time


def take_over(old: Installation, engines: Clustered) -> None:
    """Raises `CommandError` if another installation is there already."""
    replica = engines.replica
    key = replica.once(SERVER_KEY, old.server_key)
    if key != old.server_key():
        raise CommandError(
            "found another installation at --journal, expected none: its hashes are made with "
            "another key; give another name in the address, such as nats://HOST:4222/NAME"
        )
    for path, data in _files(old.settings.data):
        _put(replica, path, data)
    shared = engines.database()
    _take_rows(old.database, shared)
    shared.close()
    proofs = engines.proofs()
    assert isinstance(proofs, SharedProofs)  # noqa: S101 (a cluster's are)
    for name, verifier in old.proofs.every():
        proofs.take(name, verifier)
    proofs.close()


def _files(data: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted((data / CATALOGUE).rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            yield str(path.relative_to(data)), path.read_bytes()
    for name in (ledger.NAME, retention.NAME):
        if (data / name).exists():
            yield name, (data / name).read_bytes()


def _put(replica: Replica, path: str, data: bytes) -> None:
    file = replica.directory / path
    replica.change(
        lambda: [] if file.exists() and file.read_bytes() == data else [File(path, data)]
    )


def _take_rows(old: Database, new: Database) -> None:
    tables = old.rows(
        "select name, sql from sqlite_master where type = 'table' and name not like 'sqlite_%'"
    )
    for name, sql in tables:
        new.hold(sql.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1))
        rows = old.rows(f'select * from "{name}"')  # noqa: S608 (a name of ours)
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            for start in range(0, len(rows), ROWS):
                new.fill(
                    f'insert or ignore into "{name}" values ({marks})',  # noqa: S608
                    rows[start : start + ROWS],
                )

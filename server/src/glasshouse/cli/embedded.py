"""The engines of an installation on one machine: everything is a file in its data directory."""

import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from glasshouse.catalogue import Catalogue
from glasshouse.catalogue.files import LocalFiles, write_whole
from glasshouse.cli.errors import CommandError, InUseError
from glasshouse.collector.proofs import Proofs
from glasshouse.journal import Damage, Journal, open_journal
from glasshouse.loading import Loader
from glasshouse.people import Database
from glasshouse.settings import Settings
from glasshouse.store import Store, StoreUnavailableError, open_store

Report = Callable[[str], None]


class Embedded:
    """See `installation.Engines`. One process at a time may have a directory."""

    def __init__(self, settings: Settings, report: Report, patience: float = 0.0) -> None:
        """Raises `CommandError` if the directory cannot be used, after `patience` seconds
        `InUseError` if another process has it.
        """
        self._settings = settings
        self._report = report
        self.lock = lock(settings.data, patience)

    def catalogue(self) -> Catalogue:
        return Catalogue(self._settings.data / "catalogue")

    def server_key(self) -> bytes:
        """The key of the hashes that this server makes; made at the first start."""
        path = self._settings.data / "secrets" / "server.key"
        if not path.exists():
            path.parent.mkdir(exist_ok=True, mode=0o700)
            write_whole(path, secrets.token_bytes(32))
        return path.read_bytes()

    def store(self, erasure_key: bytes) -> Store:
        settings = self._settings
        try:
            return open_store(
                settings.data / "store",
                settings.store_memory,
                threads=settings.store_threads or None,
                erasure_key=erasure_key,
            )
        except StoreUnavailableError as error:
            raise CommandError(f"the store in {settings.data} cannot be opened: {error}") from None

    def journal(self, store: Store) -> Journal:
        def report_damage(damage: Damage) -> None:
            self._report(
                f"journal: segment {damage.segment}, {damage.size} bytes at {damage.offset} "
                f"skipped: {damage.reason}"
            )

        return open_journal(
            self._settings.data / "journal",
            floor=store.position(),
            report=report_damage,
            threaded=not self._settings.one_thread,
        )

    def loader(self, journal: Journal, store: Store, catalogue: Catalogue) -> Loader:
        return Loader(journal, store, catalogue, self._settings.data)

    def proofs(self) -> Proofs:
        return Proofs(self._settings.data / "proofs", self.server_key())

    def database(self) -> Database:
        return Database(self._settings.data)

    def files(self) -> LocalFiles:
        return LocalFiles(self._settings.data)

    def close(self) -> None:
        os.close(self.lock)


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """Keep every other process away from a directory, if it is there."""
    if not data.is_dir():
        yield
        return
    descriptor = lock(data)
    try:
        yield
    finally:
        os.close(descriptor)


def lock(data: Path, patience: float = 0.0) -> int:
    """A lock that ends with the process, however it ends."""
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CommandError(
            f"{data} cannot be used as data directory: {error.strerror}; give another with --data"
        ) from None
    give_up = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() < give_up:
                time.sleep(0.05)
                continue
            os.close(descriptor)
            raise InUseError(
                f"{data} is in use by another glasshouse process; stop it, or give another --data"
            ) from None
        return descriptor

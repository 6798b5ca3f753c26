"""The engines of an installation on many machines: NATS has the journal, ClickHouse the store.

The data directory of a process holds a copy of the small state and what is being worked on: it can
be lost at any moment.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from glasshouse.catalogue import Catalogue
from glasshouse.cli.embedded import Embedded
from glasshouse.cli.errors import CommandError
from glasshouse.collector.proofs import Proofs, ProofsUnavailableError
from glasshouse.collector.shared_proofs import SharedProofs
from glasshouse.jetstream import Address, AddressError, JetStream, JetStreamUnavailableError
from glasshouse.journal import Damage, Journal, JournalBrokenError, open_journal
from glasshouse.journal.partitions import Partitions
from glasshouse.loading import Loader, Loads
from glasshouse.loading.leases import Leases
from glasshouse.loading.overseer import Overseer
from glasshouse.model import Position
from glasshouse.people import Database
from glasshouse.people.shared_database import SharedDatabase
from glasshouse.replication import Replica, ReplicaUnavailableError, SharedFiles
from glasshouse.settings import Settings
from glasshouse.store import Store, StoreUnavailableError, check_address, open_store

Report = Callable[[str], None]
SERVER_KEY = "secrets/server.key"
CATALOGUE = "catalogue/"
CHORES, ALERTS = "chores", "alerts"  # what one console of several does
NOWHERE = Position(0, 0)


@dataclass(frozen=True)
class PartitionWork:
    """A partition opened to be loaded; see `loading.shifts.Work`."""

    loader: Loader
    journal: Journal
    store: Store

    def close(self) -> None:
        self.journal.close()
        self.store.close()


class Clustered:
    """See `installation.Engines`; any number of processes share them."""

    def __init__(self, settings: Settings, report: Report) -> None:
        """Raises `CommandError` if NATS cannot be reached, or not be used."""
        self._settings = settings
        self._report = report
        try:
            check_address(settings.store)
        except ValueError as error:
            raise CommandError(f"GLASSHOUSE_STORE: {error}", status=2) from None
        self._local = Embedded(settings, report)
        try:
            self.jetstream = JetStream(Address.parse(settings.journal))
        except (AddressError, JetStreamUnavailableError) as error:
            self._local.close()
            raise CommandError(f"GLASSHOUSE_JOURNAL: {error}") from None
        try:
            self.replica = Replica(self.jetstream, settings.data / "state")
        except ReplicaUnavailableError as error:
            self.jetstream.close()
            self._local.close()
            raise CommandError(f"GLASSHOUSE_JOURNAL: {error}") from None
        self.shared = Leases(self.jetstream, (CHORES, ALERTS), group="consoles")

    @property
    def partitions(self) -> range:
        return range(self.jetstream.address.partitions)

    def catalogue(self) -> Catalogue:
        """What others register is here within a moment, and moves its `version`."""
        files = SharedFiles(self.replica, CATALOGUE)
        catalogue = Catalogue(files.directory, files)

        def refresh(paths: list[str]) -> None:
            slugs = (path.removeprefix(CATALOGUE).partition("/")[0] for path in paths)
            catalogue.refresh(dict.fromkeys(slugs))

        self.replica.watch(CATALOGUE, refresh)
        return catalogue

    def server_key(self) -> bytes:
        """Made by the first process of all."""
        return self.replica.once(SERVER_KEY, lambda: secrets.token_bytes(32))

    def files(self) -> SharedFiles:
        return SharedFiles(self.replica)

    def store(self, erasure_key: bytes, partition: int = 0) -> Store:
        try:
            return self._store(erasure_key, partition)
        except (StoreUnavailableError, ValueError) as error:
            raise CommandError(f"GLASSHOUSE_STORE: {error}") from None

    def appending(self) -> Journal:
        """The journal for a process that only appends."""
        try:
            return self._journal(0, NOWHERE)
        except JournalBrokenError as error:
            raise CommandError(f"GLASSHOUSE_JOURNAL: {error}") from None

    def journal(self, store: Store) -> Partitions:
        try:
            return Partitions([self._journal(number, NOWHERE) for number in self.partitions])
        except JournalBrokenError as error:
            raise CommandError(f"GLASSHOUSE_JOURNAL: {error}") from None

    def proofs(self) -> Proofs:
        try:
            return SharedProofs(self.jetstream, self.server_key())
        except ProofsUnavailableError as error:
            raise CommandError(f"GLASSHOUSE_JOURNAL: {error}") from None

    def loader(self, journal: Journal, store: Store, catalogue: Catalogue) -> Loads:
        """Of a console: the loaders of others."""
        assert isinstance(journal, Partitions)  # noqa: S101 (`journal` above made it)
        return Overseer(journal.parts, store, catalogue, lambda: CHORES in self.shared.held())

    def work(self, number: int, catalogue: Catalogue, erasure_key: bytes) -> PartitionWork:
        """A partition to load. Raises `StoreUnavailableError` or `JournalBrokenError`."""
        store = self._store(erasure_key, number)
        try:
            journal = self._journal(number, store.position())
        except BaseException:
            store.close()
            raise
        scratch = self._settings.data / "partitions" / str(number)
        return PartitionWork(Loader(journal, store, catalogue, scratch), journal, store)

    def database(self) -> Database:
        return SharedDatabase(self.replica)

    def close(self) -> None:
        self.replica.close()
        self.jetstream.close()
        self._local.close()

    def _store(self, erasure_key: bytes, partition: int) -> Store:
        return open_store(
            self._settings.data / "store",
            self._settings.store_memory,
            erasure_key=erasure_key,
            address=self._settings.store,
            partition=partition,
        )

    def _journal(self, partition: int, floor: Position) -> Journal:
        return open_journal(
            self._settings.data / "journal",
            floor=floor,
            report=self._tell_damage,
            jetstream=self.jetstream,
            partition=partition,
        )

    def _tell_damage(self, damage: Damage) -> None:
        self._report(f"journal: stream {damage.segment}, from {damage.offset} on: {damage.reason}")

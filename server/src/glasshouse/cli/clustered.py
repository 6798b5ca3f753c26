"""The engines of an installation on many machines: NATS has the journal, ClickHouse the store.

The data directory of a process holds a copy of the small state and what is being worked on: it can
be lost at any moment.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass

from glasshouse.cli.embedded import Embedded
from glasshouse.cli.errors import CommandError
from glasshouse.jetstream import Address, AddressError, JetStream, JetStreamUnavailableError
from glasshouse.journal import Damage, Journal, JournalBrokenError, open_journal
from glasshouse.journal.partitions import Partitions
from glasshouse.loading import Loader, Loads
from glasshouse.loading.leases import RENEW_SECONDS, Leases
from glasshouse.loading.overseer import Overseer, Partition
from glasshouse.loading.shifts import Shifts
from glasshouse.catalogue import Catalogue
from glasshouse.collector.proofs import Proofs
from glasshouse.model import Position
from glasshouse.people import Database
from glasshouse.settings import Settings
from glasshouse.store import Store, StoreError, StoreUnavailableError, open_store

Report = Callable[[str], None]


class Clustered:
    """See `installation.Engines`; any number of processes share them."""

    def __init__(self, settings: Settings, report: Report) -> None:
        """Raises `CommandError` if NATS cannot be reached, or not be used."""
        self._settings = settings
        self._report = report
        self._local = Embedded(settings, report)
        try:
            self.jetstream = JetStream(Address.parse(settings.journal))
        except (AddressError, JetStreamUnavailableError) as error:
            raise CommandError(f"GLASSHOUSE_JOURNAL: {error}") from None
        self._stores: list[Store] = []

    @property
    def partitions(self) -> range:
        return range(self.jetstream.address.partitions)

    def catalogue(self) -> Catalogue:
        return self._local.catalogue()

    def server_key(self) -> bytes:
        return self._local.server_key()

    def store(self, erasure_key: bytes, partition: int = 0) -> Store:
        settings = self._settings
        try:
            return open_store(
                settings.data / "store",
                settings.store_memory,
                erasure_key=erasure_key,
                address=settings.store,
                partition=partition,
            )
        except (StoreUnavailableError, ValueError) as error:
            raise CommandError(f"GLASSHOUSE_STORE: {error}") from None

    def appending(self) -> Journal:
        """The journal for a process that only appends."""
        return self._journal(0, Position(0, 0))

    def journal(self, store: Store) -> Partitions:
        return Partitions([self._journal(number, Position(0, 0)) for number in self.partitions])

    def proofs(self) -> Proofs:
        return self._local.proofs()

    def loader(self, journal: Journal, store: Store, catalogue: Catalogue) -> Loads:
        """Of a console: the loaders of others."""
        raise NotImplementedError

    def database(self) -> Database:
        return self._local.database()

    def close(self) -> None:
        self.jetstream.close()
        self._local.close()

    def _journal(self, partition: int, floor: Position) -> Journal:
        try:
            return open_journal(
                self._settings.data / "journal",
                floor=floor,
                report=self._tell_damage,
                jetstream=self.jetstream,
                partition=partition,
            )
        except JournalBrokenError as error:
            raise CommandError(f"GLASSHOUSE_JOURNAL: {error}") from None

    def _tell_damage(self, damage: Damage) -> None:
        self._report(
            f"journal: partition's generation {damage.segment}, from {damage.offset}: "
            f"{damage.reason}"
        )

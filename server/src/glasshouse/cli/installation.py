"""Everything that an installation consists of, opened and wired together. On one machine:

catalogue/   manifests and write keys        store/        the DuckDB file and the keys of repeats
journal/     what was acknowledged           journal-aside/  what the store could not take
secrets/     the key of this server's hashes proofs/       how instances prove themselves, hashed
quarantine/  kinds of what was refused       server.json   how commands reach a running server
people/      accounts, tokens (hashed), who read and changed what
"""

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from glasshouse.catalogue import Catalogue, Product, SettingsError
from glasshouse.catalogue.files import SmallFiles
from glasshouse.cli.clock import now
from glasshouse.cli.embedded import Embedded
from glasshouse.cli.errors import CommandError
from glasshouse.collector.proofs import Proofs
from glasshouse.collector.quarantine import Quarantine
from glasshouse.insight import Insight, QuestionError
from glasshouse.insight.reading import Reading
from glasshouse.journal import Journal
from glasshouse.keeping.erasing import ErasureError, replay
from glasshouse.keeping.forgetting import Forgetting
from glasshouse.keeping.holdings import Holdings, erasure_key, print_of
from glasshouse.keeping.retention import Retention
from glasshouse.loading import Loads
from glasshouse.model import Origin
from glasshouse.office import Office
from glasshouse.people import Database, Identities, Reader, Records, Register
from glasshouse.people.rights import machine
from glasshouse.settings import Settings
from glasshouse.store import Store, StoreUnavailableError, Tally
from glasshouse_sdk.manifest import parse_manifest


class Engines(Protocol):
    """What an installation stands on: files in one directory, or servers that many processes share.

    Each method is called once, in the order in which they stand here.
    """

    def catalogue(self) -> Catalogue: ...

    def server_key(self) -> bytes:
        """The key of the hashes that this installation makes."""

    def store(self, erasure_key: bytes) -> Store: ...

    def journal(self, store: Store) -> Journal: ...

    def proofs(self) -> Proofs: ...

    def loader(self, journal: Journal, store: Store, catalogue: Catalogue) -> Loads: ...

    def database(self) -> Database: ...

    def files(self) -> SmallFiles: ...

    def close(self) -> None:
        """After everything that was opened by them is closed."""


class Installation:
    """The parts of an installation, opened and wired together."""

    def __init__(
        self,
        settings: Settings,
        report: Callable[[str], None],
        *,
        patience: float = 0.0,
        engines: Engines | None = None,
    ) -> None:
        """Without `engines` it is the data directory of the settings, which one process at a time
        may have open. Raises `CommandError` if it cannot be used, after `patience` seconds
        `InUseError` if another process has it.
        """
        self.settings = settings
        self._engines = engines or Embedded(settings, report, patience)
        self.catalogue = self._engines.catalogue()
        self._server_key = self._engines.server_key()
        key = erasure_key(self._server_key)
        self.store = self._engines.store(key)
        self.journal = self._engines.journal(self.store)
        self.proofs = self._engines.proofs()
        self.quarantine = Quarantine(settings.data / "quarantine" / "kinds.json")
        self.loader = self._engines.loader(self.journal, self.store, self.catalogue)
        self.database = self._engines.database()
        self.people = Register(self.database, now)
        self.records = Records(self.database, now)
        self.identities = Identities(self.database, self.people, self.records)
        self.office = Office.over(self.database, now)
        self.insight = Insight(
            self.store,
            self.catalogue,
            now,
            self.accounting,
            key,
            releases=self.office.releases.of,
        )
        self.records.forget()
        self.holdings = Holdings(
            settings.data,
            self.catalogue,
            self.journal,
            self.store,
            self.loader,
            self.proofs,
            print_of(key),
            now,
            self.office.contacts,
            self._engines.files(),
        )
        self._replay_erasures(report)
        self.forget_requests = Forgetting(self.holdings)
        retention = Retention(self.holdings)

        def chores() -> None:
            retention()
            self.forget_requests()

        self.loader.attend_to(chores)

    def _replay_erasures(self, report: Callable[[str], None]) -> None:
        """What was erased since a restored backup was made, or when a process ended, goes again."""
        try:
            for name in replay(self.holdings):
                report(f"the erasure {name} was done again")
        except (ErasureError, ValueError) as error:
            self.close()
            raise CommandError(f"{self.settings.data}: {error}") from None

    def reading(self, reader: Reader) -> Reading:
        """The data as one reader may see it."""
        return Reading(self.insight, reader, self.records)

    def register(self, source: bytes, by: Reader | None = None) -> Product:
        """Register a manifest and make room for its items. Raises `ManifestError`."""
        manifest = parse_manifest(source)
        about = manifest.product.slug
        with self.records.before(
            by or machine(), "manifest registered", about, digest=manifest.digest
        ):
            product = self.catalogue.add(source)
            try:
                self.store.ensure(product.manifest)
            except StoreUnavailableError:
                # It is registered. Loaders of other processes make room before they load, perhaps
                # at this very moment; where there are none, this store is the only one.
                if not self.store.collapses:
                    raise
        return product

    def change_product(self, slug: str, changes: Mapping[str, Any], by: Reader) -> Product:
        """Change a product's settings. Raises `KeyError` or `SettingsError`."""
        settings = self.catalogue.changed(slug, changes)
        try:
            self.insight.check_published(slug, settings.publish)
        except QuestionError as error:
            raise SettingsError(f"publish: {str(error).removeprefix('publish: ')}") from None
        facts = settings.facts()
        detail = {name: facts[name] for name in changes}
        with self.records.before(by, "settings changed", slug, **detail):
            return self.catalogue.change(slug, changes)

    def accounting(self) -> list[Tally]:
        return self.loader.accounting()

    def erase_simulated(self, product: str, by: Reader) -> int:
        """Remove everything simulated of a product; the number of items removed."""
        with self.records.before(by, "simulated items erased", product):
            return self.loader.do(lambda: self.store.erase_origin(product, Origin.SIMULATED))

    def server_key(self) -> bytes:
        """The key of the hashes that this installation makes."""
        return self._server_key

    def close(self) -> None:
        """Load what was acknowledged, then let go of everything."""
        self.journal.close()
        try:
            self.loader.finish()
        except (StoreUnavailableError, OSError):
            pass  # it is in the journal, and the next start loads it
        finally:
            self.store.close()
            self.proofs.close()
            self.database.close()
            self._save_quarantine()
            self._engines.close()

    def _save_quarantine(self) -> None:
        """A window for people; a full disk must not keep the server from stopping in order."""
        with contextlib.suppress(OSError):
            self.quarantine.save()

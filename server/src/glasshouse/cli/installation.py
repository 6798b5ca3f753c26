"""Everything that lives in one data directory, opened and wired together.

catalogue/   manifests and write keys        store/        the DuckDB file and the keys of repeats
journal/     what was acknowledged           journal-aside/  what the store could not take
secrets/     the key of this server's hashes proofs/       how instances prove themselves, hashed
quarantine/  kinds of what was refused       server.json   how commands reach a running server
people/      accounts, tokens (hashed), who read and changed what
"""

import contextlib
import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from glasshouse.catalogue import Catalogue, Product, SettingsError
from glasshouse.catalogue.files import write_whole
from glasshouse.cli.clock import now
from glasshouse.cli.errors import CommandError, InUseError
from glasshouse.collector.proofs import Proofs
from glasshouse.collector.quarantine import Quarantine
from glasshouse.insight import Insight, QuestionError
from glasshouse.insight.reading import Reading
from glasshouse.journal import Damage, open_journal
from glasshouse.keeping.erasing import ErasureError, replay
from glasshouse.keeping.forgetting import ForgetRequests
from glasshouse.keeping.holdings import Holdings, erasure_key, print_of
from glasshouse.keeping.retention import Retention
from glasshouse.loading.loader import Loader
from glasshouse.model import Origin
from glasshouse.office import Office
from glasshouse.people import Database, Identities, Reader, Records, Register
from glasshouse.people.rights import machine
from glasshouse.settings import Settings
from glasshouse.store import StoreUnavailableError, Tally, open_store
from glasshouse_sdk.manifest import parse_manifest


class Installation:
    """The parts of an opened data directory. One process at a time may have it open."""

    def __init__(
        self, settings: Settings, report: Callable[[str], None], *, patience: float = 0.0
    ) -> None:
        """Raises `CommandError` if the directory cannot be used, after `patience` seconds
        `InUseError` if another process has it.
        """
        self.settings = settings
        self.lock = _lock(settings.data, patience)
        self.catalogue = Catalogue(settings.data / "catalogue")
        try:
            key = erasure_key(self.server_key())
            self.store = open_store(
                settings.data / "store",
                settings.store_memory,
                threads=settings.store_threads or None,
                erasure_key=key,
            )
        except StoreUnavailableError as error:
            raise CommandError(f"the store in {settings.data} cannot be opened: {error}") from None

        def report_damage(damage: Damage) -> None:
            report(
                f"journal: segment {damage.segment}, {damage.size} bytes at {damage.offset} "
                f"skipped: {damage.reason}"
            )

        self.journal = open_journal(
            settings.data / "journal",
            floor=self.store.position(),
            report=report_damage,
            threaded=not settings.one_thread,
        )
        self.proofs = Proofs(settings.data / "proofs", self.server_key())
        self.quarantine = Quarantine(settings.data / "quarantine" / "kinds.json")
        self.loader = Loader(self.journal, self.store, self.catalogue, settings.data)
        self.database = Database(settings.data)
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
        )
        self._replay_erasures(report)
        self.forget_requests = ForgetRequests(self.holdings)
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
            self.store.ensure(product.manifest)
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
        """The key of the hashes that this server makes; made at the first start."""
        path = self.settings.data / "secrets" / "server.key"
        if not path.exists():
            path.parent.mkdir(exist_ok=True, mode=0o700)
            write_whole(path, secrets.token_bytes(32))
        return path.read_bytes()

    def close(self) -> None:
        """Load what was acknowledged, then let go of everything."""
        self.journal.close()
        try:
            while self.loader.cycle().more:
                pass
        except (StoreUnavailableError, OSError):
            pass  # it is in the journal, and the next start loads it
        finally:
            self.store.close()
            self.proofs.close()
            self.database.close()
            self._save_quarantine()
            os.close(self.lock)

    def _save_quarantine(self) -> None:
        """A window for people; a full disk must not keep the server from stopping in order."""
        with contextlib.suppress(OSError):
            self.quarantine.save()


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """Keep every other process away from a directory, if it is there."""
    if not data.is_dir():
        yield
        return
    descriptor = _lock(data)
    try:
        yield
    finally:
        os.close(descriptor)


def _lock(data: Path, patience: float = 0.0) -> int:
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

"""The parts of a data directory that keeping has to do with."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from glasshouse.catalogue import Catalogue
from glasshouse.catalogue.files import LocalFiles, SmallFiles
from glasshouse.collector.proofs import Proofs
from glasshouse.journal import Journal
from glasshouse.loading import Loads
from glasshouse.office import Contacts
from glasshouse.store import Store


@dataclass(frozen=True, slots=True)
class Holdings:
    """An opened data directory. `key_print` tells erasure keys apart without telling the key."""

    data: Path
    catalogue: Catalogue
    journal: Journal
    store: Store
    loader: Loads
    proofs: Proofs
    key_print: str
    clock: Callable[[], datetime]
    contacts: Contacts | None = None
    shared: SmallFiles | None = None  # where several processes have the same

    @property
    def files(self) -> SmallFiles:
        """The list of erasures, and what was swept."""
        return self.shared or LocalFiles(self.data)

    def now(self) -> datetime:
        """UTC without a zone, as the store's timestamps are."""
        return self.clock().astimezone(UTC).replace(tzinfo=None)

    def mark(self, product: str, kind: str, identity: str) -> str:
        """The keyed hash that stands for an identity."""
        return self.store.mark(product, kind, identity)


def erasure_key(server_key: bytes) -> bytes:
    """The key of the hashes by which erased identities are known."""
    return hashlib.blake2b(b"erasures", key=server_key, digest_size=32).digest()


def print_of(key: bytes) -> str:
    return hashlib.blake2b(b"print", key=key, digest_size=8).hexdigest()

"""Proofs of instances: whoever first sent one for an id owns it. See docs/decisions/0030.

Holds hashes alone, keyed by the server: neither an id nor a token can be read from the file.
"""

import hashlib
import re
import sqlite3
import time
from collections.abc import Callable, Iterable
from pathlib import Path

REMEMBERED = 16384  # instances, in memory
BELIEVED_SECONDS = 10.0
TOKEN = re.compile(r"[0-9a-f]{64}\Z")
SCHEMA = """
create table if not exists verifiers (
    instance blob primary key, verifier blob not null
) without rowid
"""


class ProofsUnavailableError(OSError):
    """The verifiers cannot be read; what needs one has to wait."""


class Proofs:
    """The verifiers of one installation. Used by the thread that opened it."""

    def __init__(
        self, directory: Path, server_key: bytes, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock` is in seconds; it says how old what is remembered is."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._key = hashlib.blake2b(b"proofs", key=server_key, digest_size=32).digest()
        self._database = sqlite3.connect(
            directory / "verifiers.sqlite", isolation_level=None, check_same_thread=False
        )
        for statement in (
            "pragma journal_mode = wal",
            "pragma synchronous = normal",
            "pragma secure_delete = on",  # an erased instance leaves no bytes
            SCHEMA,
        ):
            self._database.execute(statement)
        # The busiest instances, so that most requests ask no database. That one has no verifier is
        # believed for a while only: another process may have registered it.
        self._known: dict[bytes, bytes] = {}
        self._without: set[bytes] = set()
        self._clock = clock
        self._forgotten_at = clock()

    def allows(
        self, product: str, instance: str, token: str | None, *, register: bool = True
    ) -> bool:
        """Whether a request with this token may write items of the instance.

        With `register`, an instance without a token gets this one. Raises
        `ProofsUnavailableError`.
        """
        name = self._hash(product, instance)
        if token is None and self._is_without(name):
            return True
        known = self._verifier(name)
        if known is None:
            if token is not None and register:
                self._register(name, self._hash(product, instance, token))
            elif len(self._without) < REMEMBERED:
                self._without.add(name)
            return True
        return token is not None and known == self._hash(product, instance, token)

    def proves(self, product: str, instance: str, token: str) -> bool:
        """Whether this token is the instance's. Registers nothing."""
        known = self._verifier(self._hash(product, instance))
        return known is not None and known == self._hash(product, instance, token)

    def forget(self, product: str, instances: Iterable[str]) -> None:
        """Erase the verifiers of instances that were erased."""
        names = [(self._hash(product, instance),) for instance in instances]
        with self._database:
            self._database.executemany("delete from verifiers where instance = ?", names)
        self._database.execute("pragma wal_checkpoint(truncate)")
        for (name,) in names:
            self._known.pop(name, None)

    def close(self) -> None:
        self._database.close()

    def _is_without(self, name: bytes) -> bool:
        now = self._clock()
        if now - self._forgotten_at > BELIEVED_SECONDS:
            self._without.clear()
            self._forgotten_at = now
        return name in self._without

    def _verifier(self, name: bytes) -> bytes | None:
        known = self._known.get(name)
        if known is not None:
            return known
        try:
            row = self._database.execute(
                "select verifier from verifiers where instance = ?", (name,)
            ).fetchone()
        except sqlite3.Error as error:
            raise ProofsUnavailableError(type(error).__name__) from None
        if row is not None:
            self._remember(name, row[0])
        return row[0] if row is not None else None

    def _register(self, name: bytes, verifier: bytes) -> None:
        try:
            self._database.execute(
                "insert or ignore into verifiers values (?, ?)", (name, verifier)
            )
        except sqlite3.Error:
            return  # a full disk, say; the next request of this instance registers it
        self._without.discard(name)
        self._remember(name, verifier)

    def _remember(self, name: bytes, verifier: bytes) -> None:
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[name] = verifier

    def _hash(self, *parts: str) -> bytes:
        text = "\0".join(parts).encode(errors="surrogatepass")
        return hashlib.blake2b(text, key=self._key, digest_size=16).digest()

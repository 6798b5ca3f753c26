"""Proofs of instances: whoever first sent one for an id owns it. See docs/decisions/0030.

Holds hashes alone, keyed by the server: neither an id nor a token can be read from the file.
"""

import hashlib
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

REMEMBERED = 16384  # instances, in memory
BELIEVED_SECONDS = 10.0
BURIED = b""  # in place of a verifier: no token has this hash
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
        self._remember_nothing(server_key, clock)

    def _remember_nothing(self, server_key: bytes, clock: Callable[[], float]) -> None:
        self._key = hashlib.blake2b(b"proofs", key=server_key, digest_size=32).digest()
        # The busiest instances, so that most requests ask no database. That one has no verifier is
        # believed for a while only: another process may have registered it.
        self._known: dict[bytes, bytes] = {}
        self._without: set[bytes] = set()
        self._clock = clock
        self._forgotten_at = clock()
        self._data_version = self._asked_data_version()

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
        if known is None and token is not None and register:
            known = self._registered(name, self._hash(product, instance, token))
        elif known is None and len(self._without) < REMEMBERED:
            self._without.add(name)
        if known is None:
            return True
        return token is not None and known == self._hash(product, instance, token)

    def proves(self, product: str, instance: str, token: str) -> bool:
        """Whether this token is the instance's. Registers nothing."""
        known = self._verifier(self._hash(product, instance))
        asked = self._hash(product, instance, token)  # made in any case: it takes as long
        return known is not None and known == asked

    def bury(self, product: str, instance: str) -> None:
        """The instance asked to be forgotten: from now on no token opens it, through no door.

        What stays is the keyed hash of its id. Raises `ProofsUnavailableError`.
        """
        name = self._hash(product, instance)
        self._bury(name)
        self._without.discard(name)
        self._remember(name, BURIED)

    def is_buried(self, product: str, instance: str) -> bool:
        """Whether the instance asked to be forgotten. Raises `ProofsUnavailableError`."""
        return self._verifier(self._hash(product, instance)) == BURIED

    def forget(self, product: str, instances: Iterable[str]) -> None:
        """Erase the verifiers of instances that were erased."""
        names = [self._hash(product, instance) for instance in instances]
        self._erase(names)
        for name in names:
            self._known.pop(name, None)

    def close(self) -> None:
        self._database.close()

    def _is_without(self, name: bytes) -> bool:
        self._believe_no_longer()
        return name in self._without

    def _believe_no_longer(self) -> None:
        now = self._clock()
        if now - self._forgotten_at > BELIEVED_SECONDS:
            self._without.clear()
            self._forgotten_at = now
            version = self._asked_data_version()
            if version != self._data_version:
                # Another process wrote: what was erased there must not be believed in here.
                self._known.clear()
                self._data_version = version

    def _verifier(self, name: bytes) -> bytes | None:
        self._believe_no_longer()
        known = self._known.get(name)
        if known is not None:
            return known
        verifier = self._read(name)
        if verifier is not None:
            self._remember(name, verifier)
        return verifier

    def _registered(self, name: bytes, verifier: bytes) -> bytes | None:
        """The instance's verifier now: this one, or another process' that came first."""
        is_first = self._add(name, verifier)
        if is_first is None:
            return None  # a full disk, say; the next request of this instance registers it
        self._without.discard(name)
        if not is_first:
            return self._verifier(name)
        self._remember(name, verifier)
        return verifier

    def _remember(self, name: bytes, verifier: bytes) -> None:
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[name] = verifier

    def _hash(self, *parts: str) -> bytes:
        text = "\0".join(parts).encode(errors="surrogatepass")
        return hashlib.blake2b(text, key=self._key, digest_size=16).digest()

    def every(self) -> Iterator[tuple[bytes, bytes]]:
        """All hashed instances with what they proved by: to be taken over by another."""
        yield from self._database.execute("select instance, verifier from verifiers")

    # What lies in the database; `shared_proofs.py` has it elsewhere.

    def _read(self, name: bytes) -> bytes | None:
        """Raises `ProofsUnavailableError`, as `_bury`."""
        try:
            row = self._database.execute(
                "select verifier from verifiers where instance = ?", (name,)
            ).fetchone()
        except sqlite3.Error as error:
            raise ProofsUnavailableError(type(error).__name__) from None
        return row[0] if row is not None else None

    def _add(self, name: bytes, verifier: bytes) -> bool | None:
        """Whether it was the first of this instance; None if that is not known."""
        try:
            done = self._database.execute(
                "insert or ignore into verifiers values (?, ?)", (name, verifier)
            )
        except sqlite3.Error:
            return None
        return done.rowcount > 0

    def _bury(self, name: bytes) -> None:
        try:
            self._database.execute("insert or replace into verifiers values (?, ?)", (name, BURIED))
        except sqlite3.Error as error:
            raise ProofsUnavailableError(type(error).__name__) from None

    def _erase(self, names: list[bytes]) -> None:
        with self._database:
            self._database.executemany(
                "delete from verifiers where instance = ?", [(name,) for name in names]
            )
        self._database.execute("pragma wal_checkpoint(truncate)")

    def _asked_data_version(self) -> int:
        """SQLite's own count of what other connections have changed."""
        try:
            return int(self._database.execute("pragma data_version").fetchone()[0])
        except sqlite3.Error:
            return -1

"""Visits, counted without anything that is kept in a browser, and not linked from day to day.

A visit is a keyed hash of what a request shows anyway. Its key is random, lives in memory for one
day (UTC), and is written nowhere: no file, no journal, no backup. Once it is overwritten nobody can
compute the hash again, so two days of one visitor cannot be told from two visitors. A server that
starts anew counts its visitors of that day again.
"""

from __future__ import annotations

import hashlib
import mmap
import secrets
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

KEY_BYTES = 32
DAY_BYTES = 4


class Visits:
    """Names visits. Processes forked after it was made share its key, in memory that is no file's,
    so that a visitor whom two workers serve is one visit.
    """

    def __init__(self, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._random = random
        self._shared = mmap.mmap(-1, DAY_BYTES + KEY_BYTES)

    def name(self, product: str, shown: tuple[str, ...], day: date, today: date) -> str:
        """32 hex digits for a visit of `day`, equal for equal things `shown` while the key of
        `today` lives. A day of its own in the hash: what is delivered late joins no other day.
        """
        self._renew(today)
        digest = hashlib.blake2b(key=self._shared[DAY_BYTES:], digest_size=16)
        for part in (product, day.isoformat(), *shown):
            digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
        return digest.hexdigest()

    def forget(self) -> None:
        """Overwrite the key in place."""
        self._shared[:] = bytes(DAY_BYTES + KEY_BYTES)

    def forget_if_over(self, today: date) -> None:
        """Overwrite the key if it is another day's."""
        if self._shared[:DAY_BYTES] not in (_stamp(today), bytes(DAY_BYTES)):
            self.forget()

    def _renew(self, today: date) -> None:
        """Two workers may do this at once, at midnight: the later key stays, for both."""
        stamp = _stamp(today)
        if self._shared[:DAY_BYTES] != stamp:
            self._shared[DAY_BYTES:] = self._random(KEY_BYTES)
            self._shared[:DAY_BYTES] = stamp


def _stamp(day: date) -> bytes:
    return day.toordinal().to_bytes(DAY_BYTES)


def seconds_to_midnight(now: datetime) -> float:
    """Until the day (UTC) ends, when the key has to go even if nobody comes."""
    tomorrow = (now.astimezone(UTC) + timedelta(days=1)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    return (tomorrow - now).total_seconds()

"""Locks between processes on one open file, where the platform has them.

`flock` belongs to the open file: it ends with the process, so no crash leaves one behind. Windows
has none; what that costs is said where a lock is used.
"""

from __future__ import annotations

import time

try:
    import fcntl
except ImportError:  # Windows
    HAS_LOCKS = False
else:
    HAS_LOCKS = True


if HAS_LOCKS:
    lock = fcntl.flock
    SHARED, UNLOCK = fcntl.LOCK_SH | fcntl.LOCK_NB, fcntl.LOCK_UN
    """For the one place where a function call more would be felt: `spool.Spool.append`."""


def try_shared(descriptor: int) -> bool:
    """Take the lock beside others who write; False if someone holds it alone."""
    return _try(descriptor, exclusive=False)


def try_alone(descriptor: int, patience: float = 0.0) -> bool:
    """Take the lock alone, trying for `patience` seconds; False if that was not enough."""
    give_up = time.monotonic() + patience
    while not _try(descriptor, exclusive=True):
        if time.monotonic() >= give_up:
            return False
        time.sleep(0.002)
    return True


def unlock(descriptor: int) -> None:
    if HAS_LOCKS:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _try(descriptor: int, *, exclusive: bool) -> bool:
    if not HAS_LOCKS:
        return True
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

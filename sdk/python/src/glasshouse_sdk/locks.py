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


def try_alone(descriptor: int, patience: float = 0.0) -> bool:
    """Take the lock alone, trying for `patience` seconds; False if that was not enough."""
    give_up = time.monotonic() + patience
    while not _try(descriptor):
        if time.monotonic() >= give_up:
            return False
        time.sleep(0.002)
    return True


def _try(descriptor: int) -> bool:
    if not HAS_LOCKS:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

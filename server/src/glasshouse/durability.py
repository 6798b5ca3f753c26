"""What makes a name or its bytes survive a power cut."""

import os
from pathlib import Path


def sync_path(path: Path) -> None:
    """Sync a file, or a directory: without that, a renamed file comes back under its old name."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

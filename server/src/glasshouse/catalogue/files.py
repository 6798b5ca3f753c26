"""Small files that are either the old one or the new one, whatever happens in between."""

import json
import os
from pathlib import Path
from typing import Any

from glasshouse.durability import sync_path


def write_whole(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace `path` by `data`, durably: temporary file, sync, rename, sync of the directory."""
    temporary = path.with_name(f".{path.name}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_path(path.parent)


def read_json(path: Path) -> Any:
    return json.loads(path.read_bytes())

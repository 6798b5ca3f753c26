"""Small files that are either the old one or the new one, whatever happens in between."""

import json
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from glasshouse.durability import sync_path

_appending = threading.Lock()  # requests come in one thread, the loader works in another


class SmallFiles(Protocol):
    """What writes the small files of an installation. They are read in `directory`.

    Paths are relative to it, such as `shop/product.json`. All methods raise `OSError`.
    """

    @property
    def directory(self) -> Path: ...

    def change(self, make: Callable[[], Mapping[str, bytes]]) -> None:
        """Replace files by what `make` says of those that are there; durable when this returns.

        Where others write, too, `make` may be called again. Raises what it raises.
        """

    def append(self, path: str, line: bytes) -> None:
        """Add a line, which has its end, to a file; durable when this returns."""


class LocalFiles:
    """See `SmallFiles`: in a directory that one process writes."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @property
    def directory(self) -> Path:
        return self._directory

    def change(self, make: Callable[[], Mapping[str, bytes]]) -> None:
        for path, data in make().items():
            target = self._directory / path
            target.parent.mkdir(exist_ok=True)
            write_whole(target, data)

    def append(self, path: str, line: bytes) -> None:
        target = self._directory / path
        with _appending:
            descriptor = os.open(target, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                size = os.fstat(descriptor).st_size
                if size and os.pread(descriptor, 1, size - 1) != b"\n":
                    line = b"\n" + line  # an earlier line was cut off
                os.write(descriptor, line)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            sync_path(target.parent)


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

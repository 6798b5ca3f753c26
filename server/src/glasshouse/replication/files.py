"""The small files of an installation where every process has a copy."""

from collections.abc import Callable, Mapping
from pathlib import Path

from glasshouse.replication.entries import File
from glasshouse.replication.replica import Replica


class SharedFiles:
    """See `catalogue.files.SmallFiles`. Paths are below `prefix`, such as `catalogue/`."""

    def __init__(self, replica: Replica, prefix: str = "") -> None:
        self._replica = replica
        self._prefix = prefix

    @property
    def directory(self) -> Path:
        return self._replica.directory / self._prefix

    def change(self, make: Callable[[], Mapping[str, bytes]]) -> None:
        self._replica.change(
            lambda: [File(f"{self._prefix}{path}", data) for path, data in make().items()]
        )

    def append(self, path: str, line: bytes) -> None:
        self._replica.append(f"{self._prefix}{path}", line)

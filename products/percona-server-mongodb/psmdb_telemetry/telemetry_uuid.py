"""The file that names a host, shared by all of the vendor's products on it.

    instanceId:13f5fc62-35b4-4716-b3e6-96c761fc204d
    PRODUCT_FAMILY_PSMDB:1

The first line is the host's random id. Each further line marks a product that has reported: it
never does again. A file without a valid id counts as no file: the host gets a new id, under which
nothing has reported yet.
"""

import os
import re
import uuid
from pathlib import Path

UUID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE
)
INSTANCE = "instanceId"
REPORTED = "1"


class TelemetryUuid:
    """The file as it was read. Nothing is written before `keep` or `mark`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        entries = dict(_entries(path))
        instance = entries.pop(INSTANCE, "")
        self._marks = entries if UUID.fullmatch(instance) else {}
        self.instance = instance if UUID.fullmatch(instance) else str(uuid.uuid4())

    def has_reported(self, family: str) -> bool:
        return self._marks.get(family) == REPORTED

    def keep(self) -> None:
        """Writes the id. A host that cannot keep it must not report: it would do so each time.

        Raises OSError.
        """
        self._write()

    def mark(self, family: str) -> None:
        """Notes that the product has reported. Raises OSError."""
        self._marks[family] = REPORTED
        self._write()

    def _write(self) -> None:
        lines = [
            f"{key}:{value}\n" for key, value in ((INSTANCE, self.instance), *self._marks.items())
        ]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        temporary.write_text("".join(lines))
        temporary.replace(self._path)


def _entries(path: Path) -> list[tuple[str, str]]:
    try:
        lines = path.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return []
    pairs = (line.partition(":") for line in lines)
    return [(key.strip(), value.strip()) for key, colon, value in pairs if colon]

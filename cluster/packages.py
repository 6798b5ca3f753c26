"""What a cluster needs of Debian: which program is of which package, and where it lies."""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

# Where Debian puts servers, and where the PATH of an ordinary user does not look.
FURTHER_PLACES = "/usr/sbin:/usr/local/sbin"


class NotInstalledError(OSError):
    """A package is missing; says which, and how to install it."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package by what is run of it: a program, which may need a library."""

    name: str
    program: str
    library: Path | None = None

    def path(self) -> str:
        """Of the program. Raises `NotInstalledError`."""
        path = self._find()
        if path is None:
            raise NotInstalledError(self.advice)
        return path

    @property
    def advice(self) -> str:
        """What to do where it is not installed."""
        how = f"apt install --no-install-recommends {self.name}"
        return f"{self.name} is not installed (Debian: {how})"

    def is_installed(self) -> bool:
        return self._find() is not None

    def _find(self) -> str | None:
        if self.library is not None and not self.library.exists():
            return None
        return shutil.which(self.program) or shutil.which(self.program, path=FURTHER_PLACES)


NATS = Package("nats-server", "nats-server")
CLICKHOUSE = Package("clickhouse-server", "clickhouse-server")
ZOOKEEPER = Package("zookeeper", "java", Path("/usr/share/java/zookeeper.jar"))
PACKAGES = (NATS, CLICKHOUSE, ZOOKEEPER)


def missing() -> list[str]:
    """The names of the packages that are not installed."""
    return [package.name for package in PACKAGES if not package.is_installed()]


def exit_without_packages() -> None:
    """Ends a command that needs all of them where one is missing."""
    if missing():
        sys.exit(f"not installed: {', '.join(missing())}; as root: tools/companions.sh cluster")

"""How the server is, as the page of data health shows it."""

import shutil

from glasshouse.cli.installation import Installation
from glasshouse.console.server_state import ServerState


def server_state(installation: Installation) -> ServerState:
    """As it is now: reads sizes of files, nothing else."""
    data, loader = installation.settings.data, installation.loader.state
    return ServerState(
        lag=loader.lag,
        problems=tuple(loader.problems),
        journal_bytes=installation.journal.size(),
        store_bytes=store_bytes(installation),
        free_bytes=shutil.disk_usage(data).free,
    )


def store_bytes(installation: Installation) -> int:
    """Size of the store's files."""
    found = (installation.settings.data / "store").glob("*.duckdb*")
    return sum(path.stat().st_size for path in found)

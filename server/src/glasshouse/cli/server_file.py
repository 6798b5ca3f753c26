"""DATA/server.json: how commands on this machine reach the server that runs on a directory."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from glasshouse.catalogue.files import write_whole

SERVER_FILE = "server.json"


@contextlib.contextmanager
def server_file(data: Path, url: str, token: str) -> Iterator[None]:
    """The file for as long as the block lasts: readable by its owner alone."""
    path = data / SERVER_FILE
    facts = {"url": url, "token": token, "pid": os.getpid()}
    write_whole(path, json.dumps(facts).encode())
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def remove_server_file(data: Path) -> None:
    """Nobody may reach a new server by what an earlier one, killed, has written of itself."""
    (data / SERVER_FILE).unlink(missing_ok=True)

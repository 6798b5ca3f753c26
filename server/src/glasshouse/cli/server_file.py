"""DATA/server.json: how commands on this machine reach the server that runs on a directory."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from glasshouse.catalogue.files import write_whole
from glasshouse.cli.errors import CommandError
from glasshouse.cli.server import Server

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


def running_server(data: Path) -> Server | None:
    """The server that runs on a data directory, if one does."""
    try:
        facts = json.loads((data / SERVER_FILE).read_bytes())
        server = Server(facts["url"].rstrip("/"), facts["token"])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        raise CommandError(
            f"found {data / SERVER_FILE}, which this user may not read; "
            "run the command as the server's user, or give --server and --token"
        ) from None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None  # left half-written by a server that is gone
    return server if server.answers() else None

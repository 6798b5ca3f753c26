"""A real server on a free port of loopback, for as long as a test needs it."""

import contextlib
import threading
import time
from collections.abc import Iterator

import httpx
import uvicorn


@contextlib.contextmanager
def served(app, port: int = 0) -> Iterator[str]:
    """The address of a server that serves the application."""
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < end, "the server did not start"
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


@contextlib.contextmanager
def browsing(app, token: str | None = None) -> Iterator[httpx.Client]:
    """A client of a server that serves the application; with a token, in every request."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    with (
        served(app) as url,
        httpx.Client(
            base_url=url, headers=headers, follow_redirects=True, trust_env=False, timeout=60
        ) as client,
    ):
        yield client

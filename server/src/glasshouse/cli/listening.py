"""Sockets to listen on, and the HTTP servers that accept from them."""

import contextlib
import ipaddress
import socket
from collections.abc import Iterator, Sequence
from typing import Any

import uvicorn

from glasshouse.cli.errors import CommandError
from glasshouse.collector.app import Collector
from glasshouse.collector.connections import DoorConnection

BACKLOG = 2048
Sockets = Sequence[socket.socket]


class Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: several servers stop together here."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server_of(app: Any, collector: Collector | None = None) -> Server:
    """What is sent to a door goes to the collector at once, everything else to the app."""
    config = uvicorn.Config(
        app,
        http=DoorConnection.of(collector) if collector is not None else "httptools",
        loop="uvloop",
        lifespan="off",
        log_config=None,  # see log.py
        access_log=False,  # it would hold addresses
        server_header=False,
        proxy_headers=False,  # the collector decides whom it believes
        timeout_graceful_shutdown=10,
    )
    return Server(config)


def bound(listen: str, *, shared: bool = False) -> socket.socket:
    """A socket bound to HOST:PORT; others may be bound beside it if it is `shared`.

    Raises `CommandError` with what to do.
    """
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise CommandError(
            f"found '{listen}' to listen on, expected HOST:PORT such as 127.0.0.1:8090", status=2
        )
    host = host.strip("[]") or "0.0.0.0"  # noqa: S104 (an empty host means every interface)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        if shared:
            # Beside a server of other data this one would get every other request of it.
            socket.create_server((host, int(port)), family=family).close()
        listening = socket.create_server(
            (host, int(port)), family=family, backlog=BACKLOG, reuse_port=shared
        )
    except OSError as error:
        raise CommandError(
            f"cannot listen on {listen}: {error.strerror}; "
            "stop what listens there, or give another --listen"
        ) from None
    return _prompt(listening)


def beside(listening: socket.socket) -> socket.socket:
    """A further socket on the address of a shared one: the kernel spreads connections over both."""
    return _prompt(
        socket.create_server(
            listening.getsockname()[:2],
            family=listening.family,
            backlog=BACKLOG,
            reuse_port=True,
        )
    )


def _prompt(listening: socket.socket) -> socket.socket:
    # Accepted connections inherit it; without it an answer waits 40 ms for the client's ACK.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def address_of(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (as above)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(listening: socket.socket) -> bool:
    return ipaddress.ip_address(listening.getsockname()[0]).is_loopback

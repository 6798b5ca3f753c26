"""`glasshouse serve`: collector, loader and console in one process on one directory."""

import argparse
import asyncio
import contextlib
import gc
import ipaddress
import json
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvicorn
import uvloop

from glasshouse.catalogue.files import write_whole
from glasshouse.cli.application import Application, collector_only
from glasshouse.cli.connection import SERVER_FILE
from glasshouse.cli.errors import CommandError
from glasshouse.cli.installation import Installation, LoaderThread, now
from glasshouse.collector.app import Collector
from glasshouse.collector.connections import DoorConnection
from glasshouse.collector.desk import Desk
from glasshouse.collector.pace import Pace
from glasshouse.collector.places import Places
from glasshouse.console.app import console_app
from glasshouse.settings import Settings, from_environment
from glasshouse_sdk.browser.visits import Visits, seconds_to_midnight


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "serve",
        help="run the collector and the console",
        description="Runs collector, store and console in one process on one directory. "
        "Every flag is also a variable, such as GLASSHOUSE_LISTEN.",
        epilog="Example:  glasshouse serve --data ./data --listen 127.0.0.1:8090",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="where everything is kept")
    parser.add_argument("--listen", metavar="HOST:PORT", help="default 127.0.0.1:8090")
    parser.add_argument(
        "--collector-listen", metavar="HOST:PORT", help="a port of their own for the doors"
    )
    parser.add_argument(
        "--country-database", type=Path, metavar="FILE", help="instead of the one that ships"
    )
    parser.set_defaults(run=run)


def settings_of(options: argparse.Namespace) -> Settings:
    """Flags over environment over defaults."""
    names = ("data", "listen", "collector_listen", "country_database")
    flags = {name: getattr(options, name, None) for name in names}
    try:
        settings = from_environment(Settings(data=Path("data")))
    except ValueError as error:
        raise CommandError(f"a GLASSHOUSE_* variable cannot be read: {error}", status=2) from None
    given = {name: value for name, value in flags.items() if value is not None}
    return replace(settings, **given)


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    installation = Installation(settings, report)
    # Requests leave no cycles behind, so looking for some may be rare.
    gc.set_threshold(100_000, 20, 100)
    # The journal and the loader are threads; a request must not wait 5 ms for their turn to end.
    sys.setswitchinterval(0.001)
    try:
        # Nobody may reach this server by what an earlier one, killed, has written of itself.
        (settings.data / SERVER_FILE).unlink(missing_ok=True)
        sockets = [
            bound(address) for address in (settings.listen, settings.collector_listen) if address
        ]
        if settings.one_thread:
            uvloop.run(_serve(installation, sockets))
            return 0
        loader = LoaderThread(installation)
        try:
            uvloop.run(_serve(installation, sockets))
        finally:
            loader.stop()
    finally:
        installation.close()
    return 0


async def _serve(installation: Installation, sockets: list[socket.socket]) -> None:
    settings = installation.settings
    token = secrets.token_urlsafe(24)
    desk = Desk(
        installation.catalogue,
        Places(settings.country_database),
        now,
        installation.server_key(),
        settings.trusted_proxies,
        proofs=installation.proofs,
        pace=Pace(time.monotonic, settings.items_per_second),
    )
    collector = Collector(
        desk,
        installation.journal,
        settings.in_flight_bytes,
        quarantine=installation.quarantine,
        report=report,
    )
    console = console_app(installation.insight, token, open_on_loopback=is_loopback(sockets[0]))
    whole = Application(installation, collector, console, token)
    apps: list[Any] = [whole] if len(sockets) == 1 else [whole, collector_only(whole)]
    servers = [_server(app, collector) for app in apps]
    with _server_file(settings.data, address_of(sockets[0]), token), _signals(servers):
        tasks = [
            asyncio.create_task(server.serve(sockets=[listening]))
            for server, listening in zip(servers, sockets, strict=True)
        ]
        while not all(server.started for server in servers):  # noqa: ASYNC110 (uvicorn's flag)
            await asyncio.sleep(0.01)
        forgetting = asyncio.create_task(_forget_each_midnight(desk.visits))
        _announce(settings, sockets, token)
        if settings.one_thread:
            await _load_between(installation, servers)
        await asyncio.gather(*tasks)
        forgetting.cancel()
        desk.visits.forget()


async def _forget_each_midnight(visits: Visits) -> None:
    """The key of the day's visits ends with the day, even if nobody comes any more."""
    while True:
        await asyncio.sleep(seconds_to_midnight(now()))
        visits.forget()


class Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: several servers stop together here."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _load_between(installation: Installation, servers: list[Server]) -> None:
    """The loader's turns, taken between requests instead of in a thread of its own."""
    while not any(server.should_exit for server in servers):
        installation.loader.turn()
        await asyncio.sleep(installation.settings.load_every)


def _server(app: Any, collector: Collector) -> Server:
    config = uvicorn.Config(
        app,
        http=DoorConnection.of(collector),
        loop="uvloop",
        lifespan="off",
        log_level="warning",
        access_log=False,  # it would hold addresses
        server_header=False,
        proxy_headers=False,  # the collector decides whom it believes
        timeout_graceful_shutdown=10,
    )
    return Server(config)


@contextlib.contextmanager
def _signals(servers: list[Server]) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    yield


@contextlib.contextmanager
def _server_file(data: Path, url: str, token: str) -> Iterator[None]:
    """Lets commands on this machine reach the server: readable by its owner alone."""
    path = data / SERVER_FILE
    facts = {"url": url, "token": token, "pid": os.getpid()}
    write_whole(path, json.dumps(facts).encode())
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _announce(settings: Settings, sockets: list[socket.socket], token: str) -> None:
    url = address_of(sockets[0])
    entrance = url if is_loopback(sockets[0]) else f"{url}/enter?token={token}"
    print(f"glasshouse: console at {entrance}", flush=True)
    print(f"glasshouse: doors at {address_of(sockets[-1])}, data in {settings.data}", flush=True)


def bound(listen: str) -> socket.socket:
    """A socket bound to HOST:PORT. Raises `CommandError` with what to do."""
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise CommandError(
            f"found '{listen}' to listen on, expected HOST:PORT such as 127.0.0.1:8090", status=2
        )
    host = host.strip("[]") or "0.0.0.0"  # noqa: S104 (an empty host means every interface)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, int(port)), family=family, backlog=2048)
    except OSError as error:
        raise CommandError(
            f"cannot listen on {listen}: {error.strerror}; "
            "stop what listens there, or give another --listen"
        ) from None
    # Accepted connections inherit it; without it an answer waits 40 ms for the client's ACK.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def address_of(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (as above)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(listening: socket.socket) -> bool:
    return ipaddress.ip_address(listening.getsockname()[0]).is_loopback


def report(message: str) -> None:
    """A line for the operator. Never holds an address or a value."""
    print(f"glasshouse: {message}", file=sys.stderr, flush=True)

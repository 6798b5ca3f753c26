"""`glasshouse serve`: collector, loader and console in one process on one directory."""

import argparse
import asyncio
import contextlib
import gc
import json
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from glasshouse import __version__
from glasshouse.catalogue.files import write_whole
from glasshouse.cli.application import Application, collector_only
from glasshouse.cli.connection import SERVER_FILE
from glasshouse.cli.crew.channel import Post
from glasshouse.cli.crew.crew import Crew
from glasshouse.cli.errors import CommandError
from glasshouse.cli.installation import Installation, LoaderThread, now
from glasshouse.cli.listening import Server, address_of, bound, is_loopback, server_of
from glasshouse.cli.log import FORMS, log_to
from glasshouse.cli.midnight import forget_each_midnight
from glasshouse.cli.rounds import Rounds
from glasshouse.cli.server_state import server_state
from glasshouse.cli.service_manager import Herald
from glasshouse.collector.app import Collector
from glasshouse.collector.desk import Desk
from glasshouse.collector.pace import Pace
from glasshouse.collector.places import Places, PlacesError
from glasshouse.console.access import Access
from glasshouse.console.app import console_app
from glasshouse.notices import Notice, tell
from glasshouse.people import Role
from glasshouse.people.register import LINK_HOURS
from glasshouse.settings import Settings, from_environment, service_manager

MOST_COLLECTORS = 16
PATIENCE = 5.0  # seconds: collectors of a server that was killed let go of the directory by then


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
    parser.add_argument(
        "--regions", type=Path, metavar="FILE", help="a database that knows regions, too"
    )
    parser.add_argument(
        "--collectors", type=int, metavar="N", help="processes that serve the doors; default 1"
    )
    parser.add_argument("--log-format", choices=tuple(FORMS), help="default text")
    parser.set_defaults(run=run)


def settings_of(options: argparse.Namespace) -> Settings:
    """Flags over environment over defaults."""
    names = (
        "data",
        "listen",
        "collector_listen",
        "country_database",
        "regions",
        "log_format",
        "collectors",
    )
    flags = {name: getattr(options, name, None) for name in names}
    try:
        settings = from_environment(Settings(data=Path("data")))
    except ValueError as error:
        raise CommandError(f"a GLASSHOUSE_* variable cannot be read: {error}", status=2) from None
    given = {name: value for name, value in flags.items() if value is not None}
    settings = replace(settings, **given)
    if settings.log_format not in FORMS:
        raise CommandError(
            f"found the log format '{settings.log_format}'; expected one of {', '.join(FORMS)}",
            status=2,
        )
    if not 1 <= settings.collectors <= MOST_COLLECTORS:
        raise CommandError(
            f"found {settings.collectors} collectors; expected 1 to {MOST_COLLECTORS}", status=2
        )
    if settings.one_thread and settings.collectors > 1:
        raise CommandError(
            "found one thread and several collectors; expected one or the other", status=2
        )
    return settings


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    log_to(sys.stderr, settings.log_format)
    try:
        places = Places(settings.country_database, settings.regions)
    except PlacesError as error:
        raise CommandError(str(error), status=2) from None
    installation = Installation(settings, report, patience=PATIENCE)
    # Requests leave no cycles behind, so looking for some may be rare.
    gc.set_threshold(100_000, 20, 100)
    # The journal and the loader are threads; a request must not wait 5 ms for their turn to end.
    sys.setswitchinterval(0.001)
    try:
        # Nobody may reach this server by what an earlier one, killed, has written of itself.
        (settings.data / SERVER_FILE).unlink(missing_ok=True)
        sockets = [
            bound(address, shared=settings.collectors > 1)
            for address in (settings.listen, settings.collector_listen)
            if address
        ]
        if settings.one_thread:
            uvloop.run(_serve(installation, places, sockets, lambda: True))
            return 0
        loader = LoaderThread(installation)
        try:
            uvloop.run(_serve(installation, places, sockets, loader.is_alive))
        finally:
            loader.stop()
    finally:
        installation.close()
        tell(Notice.STOPPED)
    return 0


async def _serve(
    installation: Installation,
    places: Places,
    sockets: list[socket.socket],
    loads: Callable[[], bool],
) -> None:
    settings = installation.settings
    herald = Herald(service_manager())
    token = secrets.token_urlsafe(24)
    pace = Pace(
        time.monotonic,
        settings.items_per_second,
        shared=settings.collectors > 1,
        place_key=installation.server_key(),
    )
    desk = Desk(
        installation.catalogue,
        places,
        now,
        installation.server_key(),
        settings.trusted_proxies,
        proofs=installation.proofs,
        pace=pace,
    )
    collector = Collector(
        desk,
        installation.journal,
        settings.in_flight_bytes // settings.collectors,
        quarantine=installation.quarantine,
        report=lambda text: tell(Notice.DEFECT, place=text),
    )
    # Members ask here for what is not a door's: on a port that no member shares.
    inner = bound("127.0.0.1:0")
    crew = Crew(
        settings.collectors - 1,
        sockets[-1],
        post=lambda number: _post(installation, number, address_of(inner)),
        collector=collector,
        journal=installation.journal,
        pace=pace,
        version=lambda: installation.catalogue.version,
        lock=installation.lock,
    )
    access = Access(
        token,
        installation.people,
        installation.records,
        open_on_loopback=is_loopback(sockets[0]),
    )
    console = console_app(
        installation.insight,
        access,
        live=collector.quarantine.live,
        kinds=collector.quarantine.kinds,
        state=partial(server_state, installation),
    )
    whole = Application(installation, collector, console, access, crew)
    apps: list[Any] = [whole] if len(sockets) == 1 else [whole, collector_only(whole)]
    servers = [server_of(app, collector) for app in apps]
    if crew.seats:
        servers.append(server_of(apps[-1], collector))
        sockets = [*sockets, inner]
    else:
        inner.close()
    with (
        _server_file(settings.data, address_of(sockets[0]), token),
        _signals(servers[: len(apps)], crew, herald),
    ):
        tasks = [
            asyncio.create_task(server.serve(sockets=[listening]))
            for server, listening in zip(servers, sockets, strict=True)
        ]
        while not all(server.started for server in servers):  # noqa: ASYNC110 (uvicorn's flag)
            await asyncio.sleep(0.01)
        await crew.start()
        _announce(installation, sockets[: len(apps)])
        herald.say("READY=1")
        rounds = Rounds(collector, herald, loads, threaded=not settings.one_thread)
        going = asyncio.create_task(rounds.run())
        forgetting = asyncio.create_task(forget_each_midnight(desk.visits))
        if settings.one_thread:
            await _load_between(installation, servers)
        await asyncio.gather(*tasks[: len(apps)])
        await crew.stop()
        servers[-1].should_exit = True
        await asyncio.gather(*tasks)
        going.cancel()
        forgetting.cancel()
        desk.visits.forget()


def _post(installation: Installation, number: int, first: str) -> Post:
    settings = installation.settings
    country = settings.country_database
    return Post(
        collector=number,
        data=str(settings.data.absolute()),
        server_key=installation.server_key(),
        trusted_proxies=settings.trusted_proxies,
        in_flight_bytes=settings.in_flight_bytes // settings.collectors,
        items_per_second=settings.items_per_second,
        log_format=settings.log_format,
        first=first,
        country_database=str(country.absolute()) if country else None,
        regions=str(settings.regions.absolute()) if settings.regions else None,
    )


async def _load_between(installation: Installation, servers: list[Server]) -> None:
    """The loader's turns, taken between requests instead of in a thread of its own."""
    while not any(server.should_exit for server in servers):
        installation.loader.turn()
        await asyncio.sleep(installation.settings.load_every)


@contextlib.contextmanager
def _signals(servers: list[Server], crew: Crew, herald: Herald) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        tell(Notice.STOPPING)
        herald.say("STOPPING=1")
        crew.release()
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


def _announce(installation: Installation, sockets: list[socket.socket]) -> None:
    """For people: where to look. A log that programs read holds no address and no token."""
    settings = installation.settings
    tell(
        Notice.STARTED,
        version=__version__,
        port=sockets[0].getsockname()[1],
        collectors=settings.collectors,
        products=len(installation.catalogue),
    )
    if settings.log_format != "text":
        return
    url = address_of(sockets[0])
    print(f"glasshouse: console at {url}", flush=True)
    if installation.people.is_empty() and not is_loopback(sockets[0]):
        # Only the newest holds: of an earlier start nobody can use another.
        secret = installation.people.invite(Role.ADMIN, raw=True, kind="first")
        print(
            f"glasshouse: nobody has an account yet; this link makes the first administrator, "
            f"once, for {LINK_HOURS} hours:\n  {url}/enter?link={secret}",
            flush=True,
        )
    print(f"glasshouse: doors at {address_of(sockets[-1])}, data in {settings.data}", flush=True)


def report(message: str) -> None:
    """A line for the operator. Never holds an address or a value."""
    tell(Notice.REPORTED, text=message)

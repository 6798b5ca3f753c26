"""All of Glasshouse in one process, on one directory."""

import asyncio
import contextlib
import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from glasshouse.catalogue.files import write_whole
from glasshouse.cli.alerting import AlertThread, watch_of
from glasshouse.cli.announcing import announce
from glasshouse.cli.application import Application, collector_only
from glasshouse.cli.beside import beside_of
from glasshouse.cli.connection import SERVER_FILE
from glasshouse.cli.crew.channel import Post
from glasshouse.cli.crew.crew import Crew
from glasshouse.cli.doors import Doors, places_of
from glasshouse.cli.embedded import Embedded
from glasshouse.cli.installation import Installation
from glasshouse.cli.listening import address_of, bound, is_loopback, server_of
from glasshouse.cli.loader_thread import LoaderThread
from glasshouse.cli.log import report
from glasshouse.cli.midnight import forget_each_midnight
from glasshouse.cli.parts import Background, During, Part, Web, carry
from glasshouse.cli.rounds import Rounds
from glasshouse.cli.server_state import server_state
from glasshouse.cli.service_manager import Herald
from glasshouse.cli.signing_in import signing_in_of
from glasshouse.collector.places import Places
from glasshouse.console.access import Access
from glasshouse.console.app import console_app
from glasshouse.console.pace import ReaderPace
from glasshouse.settings import Settings, service_manager

PATIENCE = 5.0  # seconds: collectors of a server that was killed let go of the directory by then


def run(settings: Settings) -> None:
    """Until a signal. Raises `CommandError` for what stands in the way of a start."""
    places = places_of(settings)
    engines = Embedded(settings, report, PATIENCE)
    installation = Installation(settings, report, engines=engines)
    try:
        # Nobody may reach this server by what an earlier one, killed, has written of itself.
        (settings.data / SERVER_FILE).unlink(missing_ok=True)
        sockets = [
            bound(address, shared=settings.collectors > 1)
            for address in (settings.listen, settings.collector_listen)
            if address
        ]
        uvloop.run(_serve(installation, places, sockets, engines.lock))
    finally:
        installation.close()


async def _serve(
    installation: Installation, places: Places, sockets: list[socket.socket], lock: int
) -> None:
    herald = Herald(service_manager())
    parts = _parts(installation, places, sockets, herald, lock)
    await carry(parts, herald, partial(announce, installation, sockets))


def _parts(
    installation: Installation,
    places: Places,
    sockets: list[socket.socket],
    herald: Herald,
    lock: int,
) -> list[Part]:
    settings = installation.settings
    token = secrets.token_urlsafe(24)
    doors = Doors(
        settings,
        places,
        catalogue=installation.catalogue,
        server_key=installation.server_key(),
        proofs=installation.proofs,
        journal=installation.journal,
        quarantine=installation.quarantine,
    )
    # Members ask here for what is not a door's: on a port that no member shares.
    inner = bound("127.0.0.1:0") if settings.collectors > 1 else None
    crew = Crew(
        settings.collectors - 1,
        sockets[-1],
        post=lambda number: _post(installation, number, address_of(inner) if inner else ""),
        collector=doors.collector,
        journal=installation.journal,
        pace=doors.pace,
        version=lambda: installation.catalogue.version,
        lock=lock,
    )
    signing_in = signing_in_of(installation, token)
    access = Access(
        token,
        installation.people,
        installation.records,
        open_on_loopback=is_loopback(sockets[0]),
        openid_title=signing_in.openid.provider.title if signing_in else "",
        pace=ReaderPace(time.monotonic, settings.requests_per_second),
    )
    watch = watch_of(installation)
    console = console_app(
        installation.insight,
        access,
        live=doors.collector.quarantine.live,
        kinds=doors.collector.quarantine.kinds,
        signing_in=signing_in,
        beside=beside_of(installation, watch, installation.forget_requests.counts),
        state=partial(server_state, installation),
    )
    whole = Application(installation, doors.collector, console, access, crew)
    apps: list[Any] = [whole] if len(sockets) == 1 else [whole, collector_only(whole)]
    loading, loads = _loading(installation)
    rounds = Rounds(doors.collector, herald, loads, threaded=not settings.one_thread)
    return [
        loading,
        During(AlertThread(watch)),
        During(server_file(settings.data, address_of(sockets[0]), token)),
        Background(rounds.run),
        Background(partial(forget_each_midnight, doors.desk.visits), doors.desk.visits.forget),
        Web([(server_of(apps[-1], doors.collector), [inner])] if inner else []),
        Web(
            [
                (server_of(app, doors.collector), [listening])
                for app, listening in zip(apps, sockets, strict=True)
            ]
        ),
        crew,
    ]


def _loading(installation: Installation) -> tuple[Part, Callable[[], bool]]:
    """What loads, and whether it is alive."""
    settings = installation.settings
    if settings.one_thread:
        return Background(partial(_load_between, installation)), lambda: True
    thread = LoaderThread(installation.loader, settings.load_every)
    return thread, thread.is_alive


async def _load_between(installation: Installation) -> None:
    """The loader's turns, taken between requests instead of in a thread of its own."""
    while True:
        installation.loader.turn()
        await asyncio.sleep(installation.settings.load_every)


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


@contextlib.contextmanager
def server_file(data: Path, url: str, token: str) -> Iterator[None]:
    """Lets commands on this machine reach the server: readable by its owner alone."""
    path = data / SERVER_FILE
    facts = {"url": url, "token": token, "pid": os.getpid()}
    write_whole(path, json.dumps(facts).encode())
    try:
        yield
    finally:
        path.unlink(missing_ok=True)

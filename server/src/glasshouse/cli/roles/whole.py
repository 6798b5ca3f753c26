"""All of Glasshouse in one process, on one directory."""

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

import uvloop

from glasshouse.cli.announcing import announce
from glasshouse.cli.application import collector_only
from glasshouse.cli.crew.channel import Post
from glasshouse.cli.crew.crew import Crew
from glasshouse.cli.doors import doors_of, places_of
from glasshouse.cli.embedded import Embedded
from glasshouse.cli.installation import Installation
from glasshouse.cli.listening import address_of, bound, server_of
from glasshouse.cli.loader_thread import LoaderThread
from glasshouse.cli.log import report
from glasshouse.cli.midnight import forget_each_midnight
from glasshouse.cli.parts import Background, Part, Web, carry
from glasshouse.cli.rounds import Rounds
from glasshouse.cli.server_file import remove_server_file
from glasshouse.cli.service_manager import Herald
from glasshouse.cli.web_console import WebConsole
from glasshouse.collector.places import Places
from glasshouse.settings import Settings, service_manager

PATIENCE = 5.0  # seconds: collectors of a server that was killed let go of the directory by then


def run(settings: Settings) -> None:
    """Until a signal. Raises `CommandError` for what stands in the way of a start."""
    places = places_of(settings)
    engines = Embedded(settings, report, PATIENCE)
    installation = Installation(settings, report, engines=engines)
    try:
        remove_server_file(settings.data)
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
    doors = doors_of(installation, places)
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
    console = WebConsole(installation, doors.collector, sockets[0])
    whole = console.application(crew)
    apps: list[Any] = [whole] if len(sockets) == 1 else [whole, collector_only(whole)]
    loading, loads = _loading(installation)
    rounds = Rounds(doors.collector, herald, loads, threaded=not settings.one_thread)
    return [
        loading,
        *console.parts(),
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

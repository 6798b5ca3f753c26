"""Pages, interface and keeping over both engines; of several consoles one does the chores."""

import asyncio
import socket
from functools import partial

import uvloop

from glasshouse.cli.announcing import announce
from glasshouse.cli.clustered import ALERTS, Clustered
from glasshouse.cli.doors import doors_of, places_of
from glasshouse.cli.installation import Installation
from glasshouse.cli.listening import bound, server_of
from glasshouse.cli.loader_thread import LoaderThread
from glasshouse.cli.log import report
from glasshouse.cli.parts import Background, Part, Web, carry
from glasshouse.cli.rounds import beat
from glasshouse.cli.server_file import remove_server_file
from glasshouse.cli.service_manager import Herald
from glasshouse.cli.web_console import WebConsole
from glasshouse.loading.leases import RENEW_SECONDS
from glasshouse.settings import Settings, service_manager


def run(settings: Settings) -> None:
    """Until a signal. Raises `CommandError` for what stands in the way of a start."""
    engines = Clustered(settings, report)
    installation = Installation(settings, report, engines=engines)
    try:
        remove_server_file(settings.data)
        uvloop.run(_serve(installation, engines, [bound(settings.listen)]))
    finally:
        installation.close()


async def _serve(
    installation: Installation, engines: Clustered, sockets: list[socket.socket]
) -> None:
    herald = Herald(service_manager())
    parts = _parts(installation, engines, sockets, herald)
    await carry(parts, herald, partial(announce, installation, sockets))


def _parts(
    installation: Installation, engines: Clustered, sockets: list[socket.socket], herald: Herald
) -> list[Part]:
    settings = installation.settings
    # Each collector has its own window on what it refused; the store has all of it, a little
    # later.
    doors = doors_of(installation, places_of(settings))
    console = WebConsole(installation, doors.collector, sockets[0])
    whole = console.application(has_doors=False)
    overseeing = LoaderThread(installation.loader, settings.load_every)
    return [
        Background(partial(_share, engines), engines.shared.release),
        overseeing,
        *console.parts(lambda: ALERTS in engines.shared.held()),
        Background(partial(beat, herald, overseeing.is_alive)),
        Web([(server_of(whole), sockets)]),
    ]


async def _share(engines: Clustered) -> None:
    """Agree with other consoles on who does what, until cancelled."""
    while True:
        await asyncio.to_thread(engines.shared.renew)
        await asyncio.sleep(RENEW_SECONDS)

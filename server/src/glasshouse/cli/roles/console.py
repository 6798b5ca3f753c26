"""Pages, interface and keeping over both engines; of several consoles one does the chores."""

import asyncio
import secrets
import socket
import time
from functools import partial

import uvloop

from glasshouse.cli.alerting import AlertThread, watch_of
from glasshouse.cli.announcing import announce
from glasshouse.cli.application import Application
from glasshouse.cli.beside import beside_of
from glasshouse.cli.clustered import ALERTS, Clustered
from glasshouse.cli.connection import SERVER_FILE
from glasshouse.cli.doors import Doors, places_of
from glasshouse.cli.installation import Installation
from glasshouse.cli.listening import address_of, bound, is_loopback, server_of
from glasshouse.cli.loader_thread import LoaderThread
from glasshouse.cli.log import report
from glasshouse.cli.parts import Background, During, Part, Web, carry
from glasshouse.cli.roles.whole import server_file
from glasshouse.cli.rounds import beat
from glasshouse.cli.server_state import server_state
from glasshouse.cli.service_manager import Herald
from glasshouse.cli.signing_in import signing_in_of
from glasshouse.console.access import Access
from glasshouse.console.app import console_app
from glasshouse.console.pace import ReaderPace
from glasshouse.loading.leases import RENEW_SECONDS
from glasshouse.settings import Settings, service_manager


def run(settings: Settings) -> None:
    """Until a signal. Raises `CommandError` for what stands in the way of a start."""
    engines = Clustered(settings, report)
    installation = Installation(settings, report, engines=engines)
    try:
        (settings.data / SERVER_FILE).unlink(missing_ok=True)
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
    token = secrets.token_urlsafe(24)
    doors = Doors(
        settings,
        places_of(settings),
        catalogue=installation.catalogue,
        server_key=installation.server_key(),
        proofs=installation.proofs,
        journal=installation.journal,
        quarantine=installation.quarantine,
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
    pages = console_app(
        installation.insight,
        access,
        # Each collector has its own window on what it refused; the store has all of it, a little
        # later.
        live=doors.collector.quarantine.live,
        kinds=doors.collector.quarantine.kinds,
        signing_in=signing_in,
        beside=beside_of(installation, watch, installation.forget_requests.counts),
        state=partial(server_state, installation),
    )
    whole = Application(installation, doors.collector, pages, access, has_doors=False)
    overseeing = LoaderThread(installation.loader, settings.load_every)
    return [
        Background(partial(_share, engines), engines.shared.release),
        overseeing,
        During(AlertThread(watch, lambda: ALERTS in engines.shared.held())),
        During(server_file(settings.data, address_of(sockets[0]), token)),
        Background(partial(beat, herald, overseeing.is_alive)),
        Web([(server_of(whole), sockets)]),
    ]


async def _share(engines: Clustered) -> None:
    """Agree with other consoles on who does what, until cancelled."""
    while True:
        await asyncio.to_thread(engines.shared.renew)
        await asyncio.sleep(RENEW_SECONDS)

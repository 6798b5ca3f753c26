"""Doors over the journal's engine. What is here can be lost: the engines have all that counts."""

import socket
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import uvloop
from starlette.applications import Starlette

from glasshouse import __version__
from glasshouse.catalogue import Catalogue
from glasshouse.catalogue.files import SmallFiles
from glasshouse.cli.clock import now
from glasshouse.cli.clustered import Clustered
from glasshouse.cli.doors import Doors, places_of
from glasshouse.cli.health import Facts, Health, health_routes
from glasshouse.cli.listening import bound, server_of
from glasshouse.cli.log import report
from glasshouse.cli.metrics import metrics_route, requests, syncs_of
from glasshouse.cli.midnight import forget_each_midnight
from glasshouse.cli.parts import Background, Part, Web, carry
from glasshouse.cli.rounds import Rounds
from glasshouse.cli.service_manager import Herald
from glasshouse.collector import forgetting
from glasshouse.collector.app import Receive, Scope, Send
from glasshouse.collector.pace import Pace
from glasshouse.collector.places import Places
from glasshouse.collector.proofs import Proofs
from glasshouse.collector.quarantine import Quarantine
from glasshouse.journal import Journal
from glasshouse.keeping.forgetting import ForgetRequests
from glasshouse.keeping.holdings import erasure_key, print_of
from glasshouse.notices import Notice, tell
from glasshouse.settings import Settings, service_manager
from glasshouse.store.marks import mark


@dataclass(frozen=True)
class ForgetDesk:
    """See `keeping.forgetting.Desk`."""

    files: SmallFiles
    proofs: Proofs
    key: bytes

    @property
    def key_print(self) -> str:
        return print_of(self.key)

    def now(self) -> datetime:
        return now().astimezone(UTC).replace(tzinfo=None)

    def mark(self, product: str, kind: str, identity: str) -> str:
        return mark(self.key, product, kind, identity)


class Entrance:
    """An ASGI app: doors and requests to be forgotten, then health and metrics."""

    def __init__(self, doors: Doors, forget: Starlette, others: Starlette) -> None:
        self._collector = doors.collector
        self._forget = forget
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "http" and self._collector.serves(scope["method"], path):
            await self._collector(scope, receive, send)
        elif scope["type"] == "http" and path.startswith(forgetting.PATH):
            await self._forget(scope, receive, send)
        else:
            await self._others(scope, receive, send)


def run(settings: Settings) -> None:
    """Until a signal. Raises `CommandError` for what stands in the way of a start."""
    places = places_of(settings)
    engines = Clustered(settings, report)
    try:
        journal = engines.appending()
        proofs = engines.proofs()
        listening = bound(settings.collector_listen or settings.listen)
        try:
            uvloop.run(_serve(settings, places, engines, listening, journal=journal, proofs=proofs))
        finally:
            journal.close()
            proofs.close()
    finally:
        engines.close()


async def _serve(
    settings: Settings,
    places: Places,
    engines: Clustered,
    listening: socket.socket,
    *,
    journal: Journal,
    proofs: Proofs,
) -> None:
    herald = Herald(service_manager())
    catalogue, key = engines.catalogue(), engines.server_key()
    doors = Doors(
        settings,
        places,
        catalogue=catalogue,
        server_key=key,
        proofs=proofs,
        journal=journal,
        quarantine=Quarantine(),
    )
    asked = ForgetRequests(ForgetDesk(engines.files(), proofs, erasure_key(key)))
    forget = forgetting.forget_app(doors.desk, asked, Pace(time.monotonic))
    others = Starlette(
        routes=[
            *health_routes(Health(partial(_facts, engines, journal))),
            metrics_route([partial(requests, doors.collector, None), partial(syncs_of, journal)]),
        ]
    )
    entrance = Entrance(doors, forget, others)
    rounds = Rounds(doors.collector, herald, lambda: True)
    parts: list[Part] = [
        Background(rounds.run),
        Background(partial(forget_each_midnight, doors.desk.visits), doors.desk.visits.forget),
        Web([(server_of(entrance, doors.collector), [listening])]),
    ]
    await carry(parts, herald, partial(_announce, catalogue, listening))


def _facts(engines: Clustered, journal: Journal) -> Facts:
    """Ready while a server of NATS is connected: whether its streams take anything is seen by
    whoever sends, and is over sooner than a balancer would act.
    """
    return {
        "ready": engines.jetstream.client.is_connected,
        "role": "collector",
        "journal_failures": journal.syncs().failures,
    }


def _announce(catalogue: Catalogue, listening: socket.socket) -> None:
    port = listening.getsockname()[1]
    tell(Notice.STARTED, version=__version__, port=port, collectors=1, products=len(catalogue))

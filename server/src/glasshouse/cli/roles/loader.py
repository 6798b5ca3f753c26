"""From the journal's engine into the store's, for as many partitions as fall to this process."""

import socket
from functools import partial

import uvloop
from starlette.applications import Starlette

from glasshouse import __version__
from glasshouse.catalogue import Catalogue
from glasshouse.cli.clustered import Clustered
from glasshouse.cli.health import Facts, Health, health_routes
from glasshouse.cli.listening import bound, server_of
from glasshouse.cli.loader_thread import LoaderThread
from glasshouse.cli.log import report
from glasshouse.cli.metrics import loader_of, metrics_route
from glasshouse.cli.parts import Background, Part, Web, carry
from glasshouse.cli.rounds import beat
from glasshouse.cli.service_manager import Herald
from glasshouse.keeping.holdings import erasure_key
from glasshouse.loading.leases import RENEW_SECONDS, Leases
from glasshouse.loading.shifts import Shifts
from glasshouse.notices import Notice, tell
from glasshouse.settings import Settings, service_manager

FAILING = 3  # tries in a row after which this process is not ready


def run(settings: Settings) -> None:
    """Until a signal. Raises `CommandError` for what stands in the way of a start."""
    engines = Clustered(settings, report)
    try:
        catalogue = engines.catalogue()
        key = erasure_key(engines.server_key())
        leases = Leases(engines.jetstream, [str(number) for number in engines.partitions])
        shifts = Shifts(leases, lambda number: engines.work(number, catalogue, key), RENEW_SECONDS)
        uvloop.run(_serve(settings, catalogue, shifts, bound(settings.listen)))
    finally:
        engines.close()


async def _serve(
    settings: Settings, catalogue: Catalogue, shifts: Shifts, listening: socket.socket
) -> None:
    herald = Herald(service_manager())
    thread = LoaderThread(shifts, settings.load_every)
    app = Starlette(
        routes=[
            *health_routes(Health(partial(_facts, shifts, thread))),
            metrics_route([lambda: loader_of(shifts.state)]),
        ]
    )
    parts: list[Part] = [
        thread,
        Background(partial(beat, herald, thread.is_alive)),
        Web([(server_of(app), [listening])]),
    ]
    await carry(parts, herald, partial(_announce, catalogue, listening))


def _facts(shifts: Shifts, thread: LoaderThread) -> Facts:
    state = shifts.state
    return {
        "ready": thread.is_alive() and state.failures < FAILING,
        "role": "loader",
        "partitions": shifts.held,
        "loader": {
            "lag": round(state.lag, 3),
            "failures": state.failures,
            "last_error": state.last_error,
            "problems": list(state.problems),
        },
    }


def _announce(catalogue: Catalogue, listening: socket.socket) -> None:
    port = listening.getsockname()[1]
    tell(Notice.STARTED, version=__version__, port=port, collectors=0, products=len(catalogue))

"""`GET /metrics`: what can be counted of a running server, as Prometheus reads it.

Every number is read from counters that exist anyway; nothing is added up on the way of a request.
Labels are products, doors, outcomes, reasons and statuses: no identity, no address, no value. See
docs/decisions/0060.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector as Source
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from glasshouse import __version__
from glasshouse.cli.books import accounting_object
from glasshouse.cli.crew.crew import Crew
from glasshouse.cli.installation import Installation
from glasshouse.cli.server_state import store_bytes
from glasshouse.collector.app import Collector
from glasshouse.journal import SYNC_BOUNDS, Journal
from glasshouse.loading.loader import LoaderState
from glasshouse.store import StoreUnavailableError

Metrics = Iterator[Metric]


def metrics_route(sources: Sequence[Callable[[], Metrics]]) -> Route:
    """Open to whoever reaches the console's port, as the accounting is."""
    registry = CollectorRegistry()
    registry.register(_Sources(sources))
    ProcessCollector(registry=registry)

    def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"content-type": content_type})

    return Route("/metrics", metrics)


class _Sources(Source):
    """Asked anew at every scrape."""

    def __init__(self, sources: Sequence[Callable[[], Metrics]]) -> None:
        self._sources = sources

    def describe(self) -> list[Metric]:
        return []  # nothing is asked before the first scrape

    def collect(self) -> Metrics:
        yield InfoMetricFamily("glasshouse", "This server.", {"version": __version__})
        for source in self._sources:
            yield from source()


def of_whole(
    installation: Installation, collector: Collector, crew: Crew | None
) -> list[Callable[[], Metrics]]:
    """Of a process that is collector, loader and console."""
    return [
        partial(requests, collector, crew),
        partial(collectors, crew),
        *(partial(source, installation) for source in SOURCES),
    ]


def collectors(crew: Crew | None) -> Metrics:
    seats, running, restarts = (len(crew.seats), crew.running, crew.restarts) if crew else (0, 0, 0)
    yield _gauge("glasshouse_collectors", "Processes that are to serve the doors.", 1 + seats)
    yield _gauge("glasshouse_collectors_up", "Processes that serve the doors.", 1 + running)
    yield CounterMetricFamily(
        "glasshouse_collector_restarts", "Further collectors started again.", restarts
    )


def requests(collector: Collector, crew: Crew | None) -> Metrics:
    answers = CounterMetricFamily(
        "glasshouse_requests", "Requests answered by the doors.", labels=("door", "status")
    )
    for (door, status), count in sorted(collector.answers.items()):
        answers.add_metric((door, str(status)), count)
    yield answers
    away = CounterMetricFamily(
        "glasshouse_requests_sent_away",
        "Requests told to come back later; nothing of them was taken.",
        labels=("product", "door"),
    )
    for key, count in sorted(collector.sent_away.items()):
        away.add_metric(key, count)
    yield away
    in_flight = collector.in_flight + (crew.in_flight if crew else 0)
    yield _gauge("glasshouse_in_flight_bytes", "Bodies being worked on, in bytes.", in_flight)
    yield _gauge(
        "glasshouse_in_flight_limit_bytes",
        "Where the doors begin to answer 503.",
        collector.most_in_flight * (1 + (len(crew.seats) if crew else 0)),
    )


def conservation(installation: Installation) -> Metrics:
    """The equation: received = stored + duplicate + rejected + suppressed + waiting."""
    labels = ("product", "door")
    received = CounterMetricFamily("glasshouse_items_received", "Items received.", labels=labels)
    ended = CounterMetricFamily(
        "glasshouse_items", "Items by what became of them.", labels=(*labels, "outcome", "reason")
    )
    waiting = GaugeMetricFamily(
        "glasshouse_items_waiting", "Items acknowledged and not yet in the store.", labels=labels
    )
    difference = GaugeMetricFamily(
        "glasshouse_conservation_difference",
        "Items received less those with a fate: anything but 0 is a defect.",
        labels=labels,
    )
    dropped = CounterMetricFamily(
        "glasshouse_dropped_fields", "Undeclared fields, dropped unread.", labels=labels
    )
    try:
        books = accounting_object(installation.accounting())
    except StoreUnavailableError:
        yield _gauge("glasshouse_store_up", "Whether the store can be read.", 0)
        return
    yield _gauge("glasshouse_store_up", "Whether the store can be read.", 1)
    for product, doors in books["products"].items():
        for door, account in doors.items():
            place = (product, door)
            received.add_metric(place, account["received"])
            for outcome in ("stored", "duplicate"):
                ended.add_metric((*place, outcome, ""), account[outcome])
            for outcome in ("rejected", "suppressed"):
                for reason, items in account[outcome].items():
                    ended.add_metric((*place, outcome, reason), items)
            waiting.add_metric(place, account["waiting"])
            difference.add_metric(place, account["difference"])
            dropped.add_metric(place, account["dropped_fields"])
    yield from (received, ended, waiting, difference, dropped)


def journal(installation: Installation) -> Metrics:
    yield _gauge("glasshouse_journal_bytes", "Size of the journal.", installation.journal.size())
    yield _gauge(
        "glasshouse_journal_damages",
        "Places of the journal that were found damaged and skipped.",
        len(installation.journal.damages()),
    )
    yield from syncs_of(installation.journal)


def syncs_of(journal: Journal) -> Metrics:
    syncs = journal.syncs()
    totals = list(accumulate(syncs.counts))
    bounds = [*(str(bound) for bound in SYNC_BOUNDS), "+Inf"]
    yield HistogramMetricFamily(
        "glasshouse_journal_sync_seconds",
        "Time that one sync of the journal takes.",
        buckets=list(zip(bounds, totals, strict=True)),
        sum_value=syncs.seconds,
    )
    yield CounterMetricFamily(
        "glasshouse_journal_failures",
        "Groups of records that could not be written or synced, and were not acknowledged.",
        syncs.failures,
    )


def loader(installation: Installation) -> Metrics:
    yield from loader_of(installation.loader.state)


def loader_of(state: LoaderState) -> Metrics:
    yield _gauge(
        "glasshouse_loader_lag_seconds", "Age of the newest record loaded while behind.", state.lag
    )
    yield CounterMetricFamily("glasshouse_loader_cycles", "Cycles of the loader.", state.cycles)
    yield _gauge(
        "glasshouse_loader_failing", "Tries in a row that the store failed.", state.failures
    )
    yield _gauge(
        "glasshouse_loader_problems",
        "Damaged key files, and manifests that no table can follow.",
        len(state.problems),
    )


def disk(installation: Installation) -> Metrics:
    data = installation.settings.data
    usage = shutil.disk_usage(data)
    yield _gauge("glasshouse_disk_free_bytes", "Free where the data is.", usage.free)
    yield _gauge("glasshouse_disk_size_bytes", "Size of the disk where the data is.", usage.total)
    store = store_bytes(installation)
    yield _gauge("glasshouse_store_bytes", "Size of the store's files.", store)
    aside = sum(1 for _ in (data / "journal-aside").glob("*.record"))
    yield _gauge("glasshouse_records_aside", "Records that the store could not take.", aside)


SOURCES: tuple[Callable[[Installation], Metrics], ...] = (conservation, journal, loader, disk)


def _gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, says, value)

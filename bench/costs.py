"""What was measured, with where: the constants that the sizing page is computed from.

CPU in microseconds of one core of the machine that all figures come from (2 cores at 3.6 s for
`json.loads` of a million events of the benchmark; see `python -m bench.ingest`).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """A figure, its unit, and the command or page that it comes from."""

    says: str
    figure: float
    unit: str
    source: str


REQUEST = Cost("a request at a collector", 274, "µs", "bench.ingest: 1 and 100 events a request")
RECEIVED = Cost("an event in it", 5.9, "µs", "the same two figures")
WIRE = Cost("an event on the wire, before gzip", 614, "B", "bench.ingest")
ZIPPED = Cost("an event on the wire, with gzip", 77, "B", "facts of the benchmark's events: 8 to 1")
LOADED = Cost("an event loaded into the file of one machine", 16.2, "µs", "decision 0012")
STORED = Cost("an event in the file of one machine", 72, "B", "bench.ingest")
PUBLISHED = Cost("a request's record, from a collector to NATS", 1680, "µs", "cluster.measures")
NATS = Cost("an event in three NATS servers together", 74, "µs", "cluster.measures")
JOURNALLED = Cost("an event in the journal, on each server", 630, "B", "614 B and a key of 16 B")
LOADING = Cost("an event at a loader", 33, "µs", "cluster.measures")
INSERTED = Cost("an event in the ClickHouse servers of its shard", 180, "µs", "cluster.measures")
ROW = Cost("an event on each replica", 62, "B", "4 million rows on a real 2 x 2 cluster")

COSTS = (
    REQUEST, RECEIVED, WIRE, ZIPPED, LOADED, STORED, PUBLISHED, NATS, JOURNALLED, LOADING, INSERTED,
    ROW,
)  # fmt: skip

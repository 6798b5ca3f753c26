"""`GET /metrics` of a real server, read by Prometheus' own parser."""

import re
import urllib.request
from collections.abc import Iterator

import pytest
from bench.load import native_requests, send
from bench.server import Server, running
from prometheus_client.parser import text_string_to_metric_families

NAME = re.compile(r"(glasshouse|process)_[a-z_]+\Z")


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("metrics") / "data") as server:
        yield server


@pytest.fixture
def fresh(tmp_path) -> Iterator[Server]:
    with running(tmp_path / "data") as server:
        yield server


def scraped(server: Server, **headers: str) -> tuple[str, str]:
    host, port = server.address
    request = urllib.request.Request(f"http://{host}:{port}/metrics", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.headers["content-type"], answer.read().decode()


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_every_item_is_counted_by_its_fate(fresh):
    server = fresh
    requests = native_requests(500, 50, server.digest, server.key, 1)
    send(server.address, requests, 2)
    send(server.address, requests[:1], 1)  # a repeat
    wrong = native_requests(1, 1, server.digest, "wrong", 1)
    send(server.address, wrong, 1)
    server.wait_until_stored(500)
    kind, text = scraped(server)
    assert kind.startswith("text/plain")
    found = samples(text)
    native = (("door", "native"), ("product", "bench"))
    received = found["glasshouse_items_received_total", native]
    assert received == 550
    fates = {
        (dict(labels)["outcome"], dict(labels)["reason"]): value
        for (name, labels), value in found.items()
        if name == "glasshouse_items_total" and dict(labels)["product"] == "bench"
    }
    waiting = found["glasshouse_items_waiting", native]
    assert sum(fates.values()) + waiting == received
    assert fates["stored", ""] == 500
    assert found["glasshouse_conservation_difference", native] == 0
    nobody = (
        ("door", "native"),
        ("outcome", "rejected"),
        ("product", "-"),
        ("reason", "wrong_key"),
    )
    assert found["glasshouse_items_total", nobody] == 1
    assert found["glasshouse_requests_total", (("door", "native"), ("status", "401"))] == 1
    assert found["glasshouse_requests_total", (("door", "native"), ("status", "200"))] == 11


def test_the_disk_and_the_journal_are_watched(server):
    send(server.address, native_requests(1, 1, server.digest, server.key, 2), 1)
    found = samples(scraped(server)[1])
    syncs = found["glasshouse_journal_sync_seconds_count", ()]
    assert syncs >= 1
    assert found["glasshouse_journal_sync_seconds_bucket", (("le", "+Inf"),)] == syncs
    assert 0 < found["glasshouse_journal_sync_seconds_sum", ()] < 60
    assert found["glasshouse_disk_free_bytes", ()] > 0
    assert found["glasshouse_store_up", ()] == 1
    assert found["glasshouse_in_flight_bytes", ()] == 0
    assert found["process_resident_memory_bytes", ()] > 1e6
    assert ("glasshouse_loader_lag_seconds", ()) in found


def test_names_follow_the_conventions(server):
    text = scraped(server)[1]
    for family in text_string_to_metric_families(text):
        assert NAME.match(family.name), family.name
        assert family.documentation, family.name
        if family.type == "counter":
            assert all(sample.name.endswith("_total") for sample in family.samples)
    labels = {name for family in text_string_to_metric_families(text)
              for sample in family.samples for name in sample.labels}  # fmt: skip
    assert labels <= {"product", "door", "outcome", "reason", "status", "le", "version"}


def test_a_newer_scraper_gets_openmetrics(server):
    kind, text = scraped(server, accept="application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    assert text.endswith("# EOF\n")


def test_no_identity_and_no_key_is_in_it(server):
    text = scraped(server)[1]
    assert server.key not in text
    assert server.token not in text
    assert "127.0.0.1" not in text

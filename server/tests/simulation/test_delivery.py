"""Requests reach a real HTTP server, once each, whatever it answers before."""

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from glasshouse.simulation.delivery import DeliveryError, Request, deliver

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


class Answering(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        self.server.received.append((self.path, dict(self.headers), json.loads(body), status))
        self.send_response(status)
        if status == 503:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.received, server.statuses = [], []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def sent_to(server, requests, waits):
    counts = []
    address = f"http://127.0.0.1:{server.server_port}"
    deliver(requests, address, counts.append, now=lambda: NOW, wait=waits.append)
    return counts


def test_each_request_carries_its_headers_and_the_time_of_its_own_clock(server):
    ahead = Request("/b", {}, {"batch": [1]}, 1, stamp="sentAt", skew=timedelta(days=1))
    plain = Request("/a", {"Glasshouse-Origin": "simulated"}, {"reports": [1, 2]}, 2)
    assert sent_to(server, [plain, ahead], []) == [2, 1]
    (path, headers, document, _), (_, _, stamped, _) = server.received
    assert (path, headers["Glasshouse-Origin"], document) == (
        "/a", "simulated", {"reports": [1, 2]},
    )  # fmt: skip
    assert stamped == {"batch": [1], "sentAt": "2026-11-23T07:00:00.000Z"}


def test_a_busy_server_is_asked_again_after_the_time_it_names(server):
    server.statuses += [503, 429]
    waits = []
    assert sent_to(server, [Request("/a", {}, {}, 5)], waits) == [5]
    assert [status for *_, status in server.received] == [503, 429, 200]
    assert waits == [1.0, 0.4]


def test_a_refused_request_ends_the_fleet_with_what_was_answered(server):
    server.statuses += [401]
    with pytest.raises(DeliveryError, match="HTTP 401"):
        sent_to(server, [Request("/a", {}, {}, 5)], [])


def test_a_server_that_is_not_there_is_told_after_all_tries():
    waits = []
    with pytest.raises(DeliveryError, match="ConnectError"):
        deliver(
            [Request("/a", {}, {}, 1)],
            "http://127.0.0.1:9",
            lambda _: None,
            now=lambda: NOW,
            wait=waits.append,
        )
    assert len(waits) == 8

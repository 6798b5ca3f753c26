"""The relay: what a page may ask of the product's own server, and what goes on from there."""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from glasshouse_sdk.browser import files as browser_files
from glasshouse_sdk.browser import forwarding
from glasshouse_sdk.browser.relay import MOST_BODY, Relay
from glasshouse_sdk.browser.wsgi import RelayMiddleware

EXAMPLES = Path(__file__).parents[3] / "browser" / "examples"
MANIFEST = EXAMPLES / "telemetry.toml"
BODY = json.dumps({"product": "sample-console", "items": []}).encode()


class Collector:
    """Takes what the relay passes on; `statuses` are its next answers, 204 after those."""

    def __init__(self):
        self.requests = []
        self.statuses = []
        self.answers = threading.Event()
        self.answers.set()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                collector.answers.wait(30)
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                collector.requests.append((self.path, headers, body))
                status = collector.statuses.pop(0) if collector.statuses else 204
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def wait_for(self, number):
        end = time.monotonic() + 20
        while len(self.requests) < number:
            assert time.monotonic() < end, self.requests
            time.sleep(0.01)
        return self.requests

    def close(self):
        self.answers.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def collector():
    made = Collector()
    yield made
    made.close()


class Console:
    """A product's server with the relay in it, and a browser of sorts."""

    def __init__(self, relay):
        class Quiet(WSGIRequestHandler):
            def log_message(self, *_):
                pass

        app = RelayMiddleware(_page, relay)
        self._server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self._server.server_port, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer, content

    def post(self, body=BODY, **headers):
        return self.ask("POST", "/glasshouse/items", body, **headers)[0].status

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def _page(environ, start_response):
    start_response("200 OK", [("content-type", "text/plain")])
    return [b"the console's own: " + environ["PATH_INFO"].encode()]


@pytest.fixture
def environment():
    return {}


@pytest.fixture
def console(collector, environment, tmp_path):
    relay = Relay(MANIFEST, endpoint=collector.url, environment=environment, state=tmp_path)
    made = Console(relay)
    yield made
    made.close()


def test_the_pages_own_addresses_stay_theirs(console):
    assert console.ask("GET", "/nodes")[1] == b"the console's own: /nodes"
    assert console.ask("GET", "/glasshouse")[1] == b"the console's own: /glasshouse"


def test_nothing_of_the_visitor_goes_on(console, collector):
    status = console.post(
        BODY,
        cookie="session=secret",
        user_agent="Secret/1.0",
        referer="http://127.0.0.1/secret",
        authorization="Basic secret",
        x_forwarded_for="192.0.2.7",
        accept_language="de-CH",
        origin="http://secret.example",
    )
    assert status == 204
    ((path, headers, body),) = collector.wait_for(1)
    assert (path, body) == ("/v1/browser", BODY)
    assert set(headers) == {
        "host", "accept-encoding", "content-length", "content-type", "glasshouse-visit",
        "glasshouse-held", "user-agent", "accept", "date", "connection",
    }  # fmt: skip
    assert headers["user-agent"].startswith("glasshouse-sdk-python/")
    text = json.dumps(headers).lower()
    for canary in ("secret", "192.0.2.7", "de-ch"):
        assert canary not in text


def test_visits_are_told_apart_for_a_day(collector, tmp_path):
    now = [datetime(2026, 11, 20, 9, tzinfo=UTC)]
    relay = Relay(
        MANIFEST, endpoint=collector.url, environment={}, state=tmp_path, clock=lambda: now[0]
    )
    console = Console(relay)
    for agent in ("A", "A", "B"):
        console.post(user_agent=agent)
    now[0] = datetime(2026, 11, 21, 9, tzinfo=UTC)
    console.post(user_agent="A")
    console.close()
    visits = [headers["glasshouse-visit"] for _, headers, _ in collector.wait_for(4)]
    assert visits[0] == visits[1]
    assert len(set(visits)) == 3


def test_workers_forked_from_one_relay_share_the_days_key(collector, tmp_path):
    program = (
        "import os, sys; from datetime import date; from glasshouse_sdk.browser.visits import *\n"
        "visits = Visits(); day = date(2026, 11, 20)\n"
        "for worker in range(3):\n"
        "    child = os.fork()\n"
        "    if not child: print(visits.name('p', ('x',), day, day), flush=True); os._exit(0)\n"
        "    os.waitpid(child, 0)\n"
        "print(visits.name('p', ('x',), day, day))\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    assert len(said.stdout.split()) == 4
    assert len(set(said.stdout.split())) == 1


def test_it_serves_the_tracker_for_its_product(console):
    answer, content = console.ask("GET", "/glasshouse/tracker.js")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert b'"endpoint":"items"' in content
    assert b'"product":"sample-console"' in content
    tag = answer.headers["etag"]
    assert console.ask("GET", "/glasshouse/tracker.js", if_none_match=tag)[0].status == 304
    assert console.ask("HEAD", "/glasshouse/banner.js")[0].status == 200
    assert console.ask("GET", "/glasshouse/other.js")[0].status == 404
    assert console.ask("GET", "/glasshouse/../telemetry.toml")[0].status == 404
    assert console.ask("GET", "/glasshouse/items")[0].status == 405


@pytest.mark.parametrize("environment", [{"DO_NOT_TRACK": "1"}, {"SAMPLE_CONSOLE_TELEMETRY": "no"}])
def test_off_on_this_machine_is_off_in_its_pages(console, collector):
    assert console.ask("GET", "/glasshouse/tracker.js")[1] == b"/* Telemetry is off. */\n"
    assert console.ask("GET", "/glasshouse/banner.js")[1] == b"/* Telemetry is off. */\n"
    assert console.post() == 204
    time.sleep(0.3)
    assert collector.requests == []


def test_off_empties_what_waits(collector, tmp_path):
    environment = {}
    console = Console(
        Relay(MANIFEST, endpoint=collector.url, environment=environment, state=tmp_path)
    )
    collector.answers.clear()
    assert [console.post() for _ in range(3)] == [204] * 3
    time.sleep(0.2)
    environment["DO_NOT_TRACK"] = "1"
    collector.answers.set()
    time.sleep(0.5)
    console.close()
    assert len(collector.requests) == 1  # under way when it was turned off


@pytest.mark.parametrize("headers", [{"dnt": "1"}, {"sec_gpc": "1"}])
def test_who_asks_not_to_be_tracked_is_not(console, collector, headers):
    assert console.post(**headers) == 204
    time.sleep(0.3)
    assert collector.requests == []


def test_another_sites_page_is_not_heard(console, collector):
    for site in ("cross-site", "same-site", "none"):
        assert console.post(sec_fetch_site=site) == 403
    assert console.post(sec_fetch_site="same-origin") == 204
    assert len(collector.wait_for(1)) == 1


def test_a_body_has_a_bound(console):
    assert console.post(b"x" * MOST_BODY) == 204
    assert console.post(b"x" * (MOST_BODY + 1)) == 413


def test_the_host_never_waits_and_what_does_not_fit_stays_with_the_browser(
    console, collector, monkeypatch
):
    monkeypatch.setattr(forwarding, "MOST_WAITING", 5)
    collector.answers.clear()
    start = time.monotonic()
    statuses = [console.post() for _ in range(8)]
    assert time.monotonic() - start < 5
    assert statuses == [204] * 5 + [503] * 3
    collector.answers.set()
    collector.wait_for(5)


def test_a_collector_that_is_away_gets_it_later(console, collector):
    collector.statuses = [503, 429]
    assert console.post() == 204
    requests = collector.wait_for(3)
    assert [body for _, _, body in requests] == [BODY] * 3
    assert int(requests[-1][1]["glasshouse-held"]) >= 2


def test_what_is_refused_for_good_holds_nobody_up(console, collector):
    collector.statuses = [400]
    console.post()
    console.post(b'{"items":[],"product":"x"}')
    assert len(collector.wait_for(2)) == 2


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"endpoint": ""}, None),
        ({"prefix": "glasshouse"}, "prefix"),
        ({"prefix": "/x/"}, "prefix"),
    ],
)
def test_a_mistake_of_the_build_shows_at_once(options, expected, tmp_path):
    if expected is None:
        Relay(MANIFEST, environment={}, state=tmp_path, **options)  # the manifest's own endpoint
        return
    with pytest.raises(ValueError, match=expected):
        Relay(MANIFEST, endpoint="http://127.0.0.1:9", environment={}, **options)


def test_a_manifest_without_pages_says_what_is_missing(tmp_path):
    source = MANIFEST.read_text()
    start, end = source.index("[browser]"), source.index("[event.page_view]")
    plain = tmp_path / "plain.toml"
    plain.write_text(source[:start] + source[end:])
    with pytest.raises(ValueError, match=r"no \[browser\]"):
        Relay(plain, endpoint="http://127.0.0.1:9", environment={})


def test_the_client_does_not_import_it():
    program = (
        "import sys, glasshouse_sdk; from glasshouse_sdk import Telemetry;"
        "print([m for m in sys.modules if m.startswith('glasshouse_sdk.browser')])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert said.stdout == "[]\n"


def test_the_command_writes_files_and_their_tags(tmp_path):
    command = [sys.executable, "-m", "glasshouse_sdk", "--manifest", str(MANIFEST), "tracker"]
    own = {**os.environ, "HOME": str(tmp_path)}
    said = subprocess.run(
        [*command, "--output", str(tmp_path / "static"), "--address", "/static/"],
        capture_output=True,
        text=True,
        env=own,
    )
    assert said.returncode == 0, said.stderr
    for name in ("tracker.js", "banner.js"):
        written = (tmp_path / "static" / name).read_bytes()
        assert f'src="/static/{name}"' in said.stdout
        assert browser_files.integrity(written) in said.stdout


def test_published_files_never_change():
    """Pages name these hashes; a file that differs from them would not run any more."""
    folder = Path(browser_files.__file__).parent / "files"
    found = {
        (path.parent.name, path.name): browser_files.integrity(path.read_bytes())
        for path in folder.rglob("*.js")
    }
    assert found == dict(browser_files.PUBLISHED)
    package = json.loads((EXAMPLES.parent / "package.json").read_text())
    assert package["version"] == browser_files.VERSION

"""The sample console, from the click of a person to the product's page at the vendor.

Everything is real: Chromium, the console's own server with its relay, a collector with store and
console in a process of its own.
"""

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx
import pytest
import uvicorn
from site_of_test import EXAMPLES

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

BANNER = "document.querySelector('glasshouse-banner')"
CONSOLES = ("server-rendered", "plain", "react", "vue")


class Vendor:
    """A running `glasshouse serve`, and what its commands say."""

    def __init__(self, directory):
        self._data = directory / "data"
        own = {k: v for k, v in os.environ.items() if k != "DO_NOT_TRACK"}
        self._environment = own
        self.process = subprocess.Popen(
            [*GLASSHOUSE, "serve", "--data", str(self._data), "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE,
            text=True,
            env=own,
        )
        self.url = re.search(r"http://\S+", self.process.stdout.readline())[0]
        self.command("product", "add", str(EXAMPLES / "telemetry.toml"))

    def command(self, *words):
        done = subprocess.run(
            [*GLASSHOUSE, *words, "--data", str(self._data)],
            capture_output=True,
            text=True,
            timeout=120,
            env=self._environment,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def rows(self):
        """The stored events, oldest first."""
        text = self.command(
            "sql",
            'select event, instance, version, fields from events order by "at"',
            "--format",
            "json",
        )
        return json.loads(text)

    def wait_for_rows(self, number):
        end = time.monotonic() + 40
        while self.stored() < number:
            assert time.monotonic() < end, httpx.get(f"{self.url}/health/accounting").text
            time.sleep(0.1)

    def stored(self):
        books = httpx.get(f"{self.url}/health/accounting").json()["products"]
        return books.get("sample-console", {}).get("browser", {}).get("stored", 0)

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0
        self.process.stdout.close()


GLASSHOUSE = [sys.executable, "-m", "glasshouse.cli.main"]


@pytest.fixture
def vendor(tmp_path):
    running = Vendor(tmp_path)
    yield running
    running.close()


def module(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def console(request, vendor, tmp_path, monkeypatch):
    """The address of a sample console whose relay goes to the vendor."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    if request.param == "server-rendered":
        app = module("server_rendered").application(vendor.url)
        server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        server.server_close()
    else:
        app = module("single_page").application(request.param, vendor.url)
        config = uvicorn.Config(app, port=0, log_level="critical", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        server.should_exit = True
        thread.join(20)


def link(text):
    return f"[...document.querySelectorAll('a')].find(a => a.textContent === '{text}')"


@pytest.mark.parametrize("console", CONSOLES, indirect=True)
def test_a_session_reaches_the_store_and_the_products_page(tab, vendor, console):
    tab.open(f"{console}/?token=secret")
    tab.wait(f"{BANNER} && document.querySelector('main')")
    tab.browser.settle(1.5)
    assert vendor.stored() == 0
    tab.click(f"{BANNER}.shadowRoot.querySelector('button.all')")
    tab.wait(f"!{BANNER}")
    tab.click("[data-glasshouse=run]")
    walk = (
        "Nodes",
        "db1.customer.example",
        "Nodes",
        "Add a node",
        "Set up",
        "Next",
        "Next",
        "Next",
    )
    for text in walk:
        tab.wait(link(text))
        tab.click(link(text))
        tab.browser.settle(0.3)
    tab.wait("document.querySelector('h1').textContent === 'Step 4'")
    tab.open("about:blank")
    vendor.wait_for_rows(9 + 9 + 4)
    rows = [(row["event"], json.loads(row["fields"])) for row in vendor.rows()]
    views = [fields["route"] for item, fields in rows if item == "page_view"]
    assert sorted(views) == sorted(
        ["/", "/nodes", "/nodes/:name", "/nodes", "/nodes/new"] + ["/setup/:step"] * 4
    )
    clicks = [fields for item, fields in rows if item == "click"]
    assert {"name": "run", "role": "button"} in clicks
    assert {"name": "add-node", "role": "link"} in clicks
    assert len(clicks) == 9
    steps = [fields["step"] for item, fields in rows if item == "setup_step"]
    assert steps == ["started", "server-connected", "first-node", "finished"]
    assert {row["version"] for row in vendor.rows()} == {"1.4.0"}
    assert len({row["instance"] for row in vendor.rows()}) == 1, "one visit"
    assert "customer" not in json.dumps(vendor.rows())
    assert tab.complaints == []
    foreign = [r["url"] for r in tab.requests if not r["url"].startswith((console, "about:"))]
    assert foreign == []
    page = httpx.get(f"{vendor.url}/products/sample-console?field=event.page_view.route").text
    for route in ("/nodes/:name", "/setup/:step"):
        assert route in page
    for item in ("page_view", "click", "setup_step"):
        assert item in page
    asked = vendor.command(
        "ask", "field_distribution", "--product", "sample-console", "--where",
        "field=event.setup_step.step", "--format", "json",
    )  # fmt: skip
    assert {"started", "finished"} <= {row["value"] for row in json.loads(asked)["rows"]}


@pytest.mark.parametrize("console", ["server-rendered"], indirect=True)
def test_an_administrators_switch_turns_the_pages_off(tab, vendor, console, monkeypatch):
    monkeypatch.setenv("SAMPLE_CONSOLE_TELEMETRY", "0")
    tab.open(f"{console}/")
    tab.browser.settle(0.5)
    assert tab.value(f"{BANNER} === null")
    assert tab.value("typeof glasshouse") == "undefined"
    assert httpx.get(f"{console}/glasshouse/tracker.js").text == "/* Telemetry is off. */\n"
    assert tab.complaints == []

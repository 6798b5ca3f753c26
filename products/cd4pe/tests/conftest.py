"""A running collector that knows Continuous Delivery for PE, and what reports to it."""

import gzip
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from bench.server import running

from glasshouse.cli.server_file import running_server

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from cd4pe_container import PRODUCT, Container  # noqa: E402 (found by the path above)

FIELDS = """select license, version, instance, to_json(fields)::varchar as fields
    from "cd4pe".snapshot_installation where {where} order by received_at"""


class Vendor:
    """`key` is the installation's; its pages need none."""

    def __init__(self, data):
        self.data = data
        self.server = running_server(data)
        added = [
            self.server.add_product((PRODUCT / folder / "manifest.toml").read_bytes())
            for folder in ("", "console")
        ]
        self.key = next(k["key"] for k in added[0]["write_keys"] if k["origin"] == "production")

    @property
    def url(self):
        return self.server.url

    def received(self):
        """How many items have come, of the installations and of their pages."""
        books = self.server.call("GET", "/health/accounting")["products"]
        return tuple(
            sum(door["received"] for door in books.get(slug, {}).values())
            for slug in ("cd4pe", "cd4pe-console")
        )

    def rows(self, where, least=1):
        return self._waited(FIELDS.format(where=where), least)

    def steps(self, least):
        """What pages have sent in those visits that set something up, in its order."""
        sql = """select event, instance, fields from events where product = 'cd4pe-console'
            and instance in (select instance from events where event = 'set_up')
            order by "at", event desc"""
        return self._waited(sql, least)

    def _waited(self, sql, least):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            rows = self.server.sql(sql)["rows"] if sum(self.received()) else []
            if len(rows) >= least:
                return [{**row, "fields": json.loads(row["fields"])} for row in rows]
            time.sleep(0.2)
        raise AssertionError(f"{rows}, and not {least} after 60 s")

    def ask(self, question, **words):
        return self.server.ask(question, {name: [text] for name, text in words.items()})["rows"]


@pytest.fixture(scope="session")
def vendor(tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    with running(data):
        yield Vendor(data)


@pytest.fixture
def container(tmp_path, vendor):
    """Makes installations, each with a data volume of its own."""
    made = []

    def make(name="one", endpoint=None):
        made.append(Container(tmp_path / name, endpoint or vendor.url, vendor.key))
        return made[-1]

    yield make
    for each in made:
        each.remove()


class Wire:
    """A place on the way to the collector where every byte that goes there can be read."""

    def __init__(self, onward):
        self.requests = []
        wire = self

        class Passing(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                is_packed = self.headers.get("content-encoding") == "gzip"
                plain = gzip.decompress(body) if is_packed else body
                head = f"{self.path}\n{self.headers}".encode()
                wire.requests.append(head + plain)
                headers = {k: v for k, v in self.headers.items() if k.lower() != "host"}
                answer = httpx.post(
                    onward + self.path, content=body, headers=headers, trust_env=False
                )
                self.send_response(answer.status_code)
                self.send_header("content-length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Passing)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def wire(vendor):
    passing = Wire(vendor.url)
    yield passing
    passing.close()

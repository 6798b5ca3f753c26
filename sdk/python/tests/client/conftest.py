"""The far end of the wire: a real HTTP server that keeps what it gets and fails as it is told."""

import gzip
import http.server
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from glasshouse_sdk.manifest import compiled_text, parse_manifest

sys.path.insert(0, str(Path(__file__).parent))  # for the tests' own modules

from ports import free_port

MANIFEST = """
[product]
slug = "acme"
name = "Acme"
vendor = "Acme Inc."
since = "1.0"
send = "agent"
endpoint = "http://127.0.0.1:9"
contact = "privacy@example.com"

[purpose.use]
text = "Know how the product is used."

[identity.instance]
made = "random"
lives = "until the state directory is removed"

[identity.organization]
made = "keyed-hash"
of = "the organization's name"
lives = "as long as its name"

[[switch]]
kind = "environment"
name = "ACME_TELEMETRY"
formerly = ["ACME_STATS"]
off = "0, false or no"

[[switch]]
kind = "environment"
name = "ACME_NO_UPDATES"
off = "any value but empty and 0"
covers = ["updates"]

[event.done]
purpose = "use"
identities = ["instance", "organization"]

[event.done.fields]
command = { type = "enum", values = ["run", "build"], why = "w" }
seconds = { type = "duration", why = "w" }
count = { type = "integer", minimum = 0, maximum = 1000, why = "w" }
ratio = { type = "number", why = "w" }
dry = { type = "boolean", why = "w" }
started = { type = "time", why = "w" }
runtime = { type = "version", why = "w" }
project = { type = "text", anonymise = "keyed-hash", why = "w" }
message = { type = "text", anonymise = "length", why = "w" }
os = { type = "text", anonymise = "public-list", public = ["Debian GNU/Linux *", "Plan 9"], why = "w" }
size = { type = "integer", anonymise = "bucket", buckets = [0, 10, 100], why = "w" }
plugins = { type = "map", why = "w" }
stages = { type = "list", of = "enum", values = ["a", "b"], why = "w" }
tables = { type = "group", why = "w", fields = { rows = { type = "integer", required = true, why = "w" } } }
gone = { type = "integer", expires = "2020-01-01", why = "w" }

[snapshot.host]
purpose = "use"
channel = "updates"

[snapshot.host.fields]
cores = { type = "integer", required = true, why = "w" }
"""  # noqa: E501


class Collector:
    """Answers as `mode` says; `bodies` are what it was sent, unpacked."""

    def __init__(self) -> None:
        self.mode = "ok"
        self.requests: list[dict] = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def bodies(self) -> list[bytes]:
        return [request["body"] for request in self.requests]

    @property
    def items(self) -> list[dict]:
        told = (json.loads(body) for body in self.bodies)
        return [item for body in told for item in body.get("items", [])]

    def close(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                collector.requests.append(
                    {"path": self.path, "headers": dict(self.headers), "body": body}
                )
                ANSWERS[collector.mode](self, body, collector)

            def do_GET(self) -> None:
                if self.path.startswith("/v1/forget/"):
                    collector.requests.append(
                        {"path": self.path, "headers": dict(self.headers), "body": b""}
                    )
                    ANSWERS[collector.mode](self, b"", collector)
                    return
                self.answer(405, b'{"error":{}}', Content_Type="application/json")

            def answer(self, status: int, body: bytes, **headers: str) -> None:
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name.replace("_", "-"), value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass  # the client's deadline was over

            def log_message(self, *args: object) -> None:
                pass

        return Handler


def _receipts(body: bytes) -> bytes:
    items = json.loads(body).get("items", [])
    return json.dumps(
        {"receipts": [{"id": item["id"], "outcome": "accepted"} for item in items]}
    ).encode()


def _noted(handler, body, collector) -> None:
    """A request to be forgotten, or an upload of items."""
    if handler.path.startswith("/v1/forget"):
        request = json.loads(body)["request"] if body else handler.path.rpartition("/")[2]
        receipt = {"request": request, "state": "pending", "by": "2026-12-01T00:00:00Z"}
        handler.answer(202, json.dumps({"receipt": receipt}).encode())
    else:
        handler.answer(200, _receipts(body))


def _forgotten(handler, body, collector) -> None:
    receipt = {
        "request": handler.path.rpartition("/")[2], "state": "done",
        "completed_at": "2026-11-22T11:00:00Z", "items": {"event.done": 1},
    }  # fmt: skip
    handler.answer(200, json.dumps({"receipt": receipt}).encode())


WHITELIST = {"host.cores": {"datatype": "number", "description": "d"}}


def _notice(body: bytes, **more) -> bytes:
    """What a dujour server answers a check-in."""
    sent = json.loads(body)
    notice = {"version": "2.0", "newer": True, "link": "", "product": sent["product"]}
    return json.dumps(notice | more).encode()


def _error(reason: str) -> bytes:
    return json.dumps({"error": {"reason": reason, "found": "", "expected": "", "do": ""}}).encode()


def _trickle(handler, body, collector) -> None:
    try:
        for byte in b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n" * 20:
            if collector.closing.wait(0.2):
                return
            handler.wfile.write(bytes([byte]))
    except OSError:
        pass


def _at_most(count: int):
    def answer(handler, body, collector) -> None:
        if len(json.loads(body)["items"]) > count:
            handler.answer(413, _error("too_many"))
        else:
            handler.answer(200, _receipts(body))

    return answer


def _poisoned(handler, body, collector) -> None:
    if any(item["fields"].get("count") == 13 for item in json.loads(body)["items"]):
        handler.answer(400, _error("bad_shape"))
    else:
        handler.answer(200, _receipts(body))


def _every_other(handler, body, collector) -> None:
    """Takes one request and sends the next away, so that a sender stops after each."""
    if len(collector.requests) % 2:
        handler.answer(200, _receipts(body))
    else:
        handler.answer(503, _error("busy"))


def _rejected(body: bytes) -> bytes:
    items = json.loads(body).get("items", [])
    receipts = [{"id": i["id"], "outcome": "rejected", "reason": "wrong_type"} for i in items]
    return json.dumps({"receipts": receipts}).encode()


def _narrowed(body: bytes) -> bytes:
    answer = json.loads(_receipts(body))
    return json.dumps({**answer, "allow": ["event.done.count", "event.other"]}).encode()


ANSWERS = {
    "ok": _noted,
    "forgotten": _forgotten,
    "bad proof": lambda h, b, c: h.answer(403, _error("bad_proof")),
    "percona": lambda h, b, c: h.answer(200, b"{}"),
    "segment": lambda h, b, c: h.answer(200, b'{"success": true}'),
    "amplitude": lambda h, b, c: h.answer(
        200, json.dumps({"code": 200, "events_ingested": len(json.loads(b)["events"])}).encode()
    ),
    "amplitude-fewer": lambda h, b, c: h.answer(200, b'{"code": 200, "events_ingested": 0}'),
    "dujour": lambda h, b, c: h.answer(200, _notice(b)),
    "dujour-narrowing": lambda h, b, c: h.answer(200, _notice(b, whitelist=WHITELIST)),
    "dujour-other": lambda h, b, c: h.answer(200, _notice(b, product="another")),
    "ended": lambda h, b, c: h.answer(400, b"{}", Glasshouse_Reason="ended"),
    "503": lambda h, b, c: h.answer(503, _error("busy"), Retry_After="3600"),
    "portal": lambda h, b, c: h.answer(200, b"<html>Please log in</html>"),
    "portal-json": lambda h, b, c: h.answer(200, b'{"welcome": true}'),
    "portal-410": lambda h, b, c: h.answer(410, b"<html>gone</html>"),
    "redirect": lambda h, b, c: h.answer(302, b"", Location="http://127.0.0.1:9/"),
    "one receipt": lambda h, b, c: h.answer(200, b'{"receipts": [{"id": "x"}]}'),
    "401": lambda h, b, c: h.answer(401, _error("wrong_key")),
    "unknown": lambda h, b, c: h.answer(400, _error("unknown_manifest")),
    "410": lambda h, b, c: h.answer(410, _error("ended")),
    "hole": lambda h, b, c: c.closing.wait(30),
    "trickle": _trickle,
    "at most 3": _at_most(3),
    "poisoned": _poisoned,
    "every other": _every_other,
    "narrowing": lambda h, b, c: h.answer(200, _narrowed(b)),
    "rejecting": lambda h, b, c: h.answer(200, _rejected(b)),
}


@pytest.fixture
def collector():
    collector = Collector()
    yield collector
    collector.close()


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    """The path of the compiled manifest."""
    path = tmp_path / "acme.json"
    path.write_text(compiled_text(parse_manifest(MANIFEST)))
    return str(path)


@pytest.fixture
def manifest_with(tmp_path: Path):
    """Compiles the manifest with some of its text replaced."""

    def make(*replacements: tuple[str, str], name: str = "other.json") -> str:
        text = MANIFEST
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / name
        path.write_text(compiled_text(parse_manifest(text)))
        return str(path)

    return make


def clean_environment(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **more}


@pytest.fixture
def sdk(tmp_path: Path, manifest: str, collector: Collector):
    """Runs `glasshouse-sdk` as a process on the test's state directory."""

    def run(*words: str, code: int = 0, manifest: str = manifest, **environ: str) -> str:
        options = ["--manifest", manifest, "--state", str(tmp_path / "state")]
        options += ["--endpoint", collector.url, "--key", "write-key"]
        done = subprocess.run(
            [sys.executable, "-m", "glasshouse_sdk", *options, *words],
            capture_output=True,
            text=True,
            timeout=60,
            env=clean_environment(**environ),
        )
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done.stdout if not code or done.stdout else done.stderr

    return run


@pytest.fixture
def product(tmp_path: Path, manifest: str, collector: Collector):
    """Runs a few lines of a product as a process: `telemetry` is at hand in it."""

    def run(code: str, *, expect: int = 0, **environ: str) -> subprocess.CompletedProcess:
        head = (
            "import os, sys, time\n"
            "from glasshouse_sdk import Telemetry\n"
            f"telemetry = Telemetry(os.environ.get('MANIFEST', {manifest!r}), version='1.2.3',"
            f" key='write-key', endpoint={collector.url!r},"
            f" state=os.environ.get('STATE', {str(tmp_path / 'state')!r}))\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", head + code],
            capture_output=True,
            timeout=60,
            env=clean_environment(**environ),
        )
        assert (done.returncode, done.stdout, done.stderr) == (expect, b"", b"")
        return done

    return run


def wait_for(condition, seconds: float = 20.0):
    """Wait until something is so; the value that says so."""
    give_up = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.02)
    return value


@pytest.fixture
def eventually():
    return wait_for


@pytest.fixture
def closed_port() -> str:
    """The address of a port that nobody listens on."""
    return f"http://127.0.0.1:{free_port()}"

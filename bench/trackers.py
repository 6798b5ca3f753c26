"""What a page view costs the page: bytes and script time, beside other trackers in the same run.

    python -m bench.trackers --umami src/tracker/index.js --goatcounter public/count.js

The files are those of the projects' own repositories (umami 3.1: `src/tracker/index.js`,
GoatCounter: `public/count.js`); they are not part of this one. Without them only our own tracker is
measured. Each is minified by the same esbuild and served with the same page, in turn; what a page
without a tracker takes is subtracted.
"""

import argparse
import gzip
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote, unquote

from glasshouse_sdk.browser import TRACKER, configuration, configured, released
from glasshouse_sdk.manifest import compile_manifest, read_manifest

REPOSITORY = Path(__file__).parents[1]
BROWSER = REPOSITORY / "sdk" / "browser"
TEXT = "<h1>Nodes</h1>" + "<p>A node, its state, and when it reported last.</p>" * 200
SECONDS_AFTER_LOAD = 1.2
# GoatCounter leaves out what looks like a robot.
NO_ROBOT = "Object.defineProperty(Navigator.prototype, 'webdriver', {get: () => false})"


@dataclass
class Subject:
    """A tracker: its element, the file as it is loaded, and the file alone for its size."""

    name: str
    tag: str
    script: bytes
    alone: bytes
    script_ms: list[float] = field(default_factory=list)
    task_ms: list[float] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)


def subjects(umami: Path | None, goatcounter: Path | None) -> list[Subject]:
    compiled = compile_manifest(read_manifest(BROWSER / "examples" / "telemetry.toml"))
    compiled["product"]["default"] = "on"
    own = configured(TRACKER, configuration(compiled, "items"))
    made = [
        Subject("no tracker", "", b"", b""),
        Subject(
            "glasshouse", '<script src="/t/glasshouse.js" defer></script>', own, released(TRACKER)
        ),
    ]
    if umami is not None:
        replaced = umami.read_text().replace("__COLLECT_API_HOST__", "")
        script = minified(replaced.replace("__COLLECT_API_ENDPOINT__", "/api/send"))
        tag = (
            '<script src="/t/umami.js" data-website-id="x" data-performance="true" defer></script>'
        )
        made.append(Subject("umami", tag, script, script))
    if goatcounter is not None:
        script = minified(goatcounter.read_text())
        settings = "data-goatcounter-settings='{\"allow_local\": true}'"
        tag = (
            f'<script src="/t/goatcounter.js" data-goatcounter="/count" {settings} async></script>'
        )
        made.append(Subject("goatcounter", tag, script, script))
    return made


def minified(source: str) -> bytes:
    command = [str(BROWSER / "node_modules" / ".bin" / "esbuild"), "--minify", "--target=es2020"]
    return subprocess.run(command, input=source.encode(), capture_output=True, check=True).stdout


class Server:
    """Serves one page for each subject and counts what is sent to it."""

    def __init__(self, measured: list[Subject]) -> None:
        by_name = {subject.name: subject for subject in measured}
        self.received: list[tuple[str, int]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                path, _, query = self.path.partition("?")
                if path.startswith("/t/"):
                    self._answer(by_name[path[3:-3]].script, "text/javascript")
                elif path.startswith("/count"):
                    server.received.append((path, len(self.path)))
                    self._answer(b"", "image/gif")
                elif path != "/nodes":
                    self._answer(b"", "image/x-icon")
                else:
                    tag = by_name[unquote(query)].tag
                    page = f"<!doctype html><title>Nodes</title>{tag}<main>{TEXT}</main>"
                    self._answer(page.encode(), "text/html; charset=utf-8")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                server.received.append((self.path, len(body) + len(self.path)))
                self._answer(b"{}", "application/json")

            def _answer(self, content: bytes, kind: str) -> None:
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"


def measure(subject: Subject, browser: Any, tab_of: Any, server: Server) -> None:
    """One page view in a new tab."""
    tab = tab_of(browser)
    tab.before_pages(NO_ROBOT)
    # Processor time of the page, not of the clock: other work of the machine does not count.
    tab.call("Performance.enable", timeDomain="threadTicks")
    tab.open("about:blank")
    server.received.clear()
    tab.open(f"{server.url}/nodes?{quote(subject.name)}")
    browser.settle(SECONDS_AFTER_LOAD)
    found = {m["name"]: m["value"] for m in tab.call("Performance.getMetrics")["metrics"]}
    subject.script_ms.append(found["ScriptDuration"] * 1000)
    subject.task_ms.append(found["TaskDuration"] * 1000)
    subject.requests.append(len(server.received))
    subject.sent.append(sum(size for _, size in server.received))
    tab.close()
    browser.events.clear()


def table(measured: list[Subject]) -> list[dict[str, Any]]:
    without = measured[0]
    return [
        {
            "tracker": subject.name,
            "minified": len(subject.alone),
            "gzipped": len(gzip.compress(subject.alone, 9)) if subject.alone else 0,
            "script ms": round(median(subject.script_ms) - median(without.script_ms), 2),
            "all work ms": round(median(subject.task_ms) - median(without.task_ms), 2),
            "requests": median(subject.requests),
            "bytes sent": median(subject.sent),
        }
        for subject in measured[1:]
    ]


def median(values: list[Any]) -> float:
    return float(statistics.median(values))


def _module(folder: str, name: str) -> ModuleType:
    """The driver of the browser is the tests'."""
    path = REPOSITORY / "server" / "tests" / folder / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"found no {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--umami", type=Path, metavar="FILE", help="umami's src/tracker/index.js")
    parser.add_argument("--goatcounter", type=Path, metavar="FILE", help="GoatCounter's count.js")
    parser.add_argument("--views", type=int, default=15, help="page views of each (default 15)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    measured = subjects(options.umami, options.goatcounter)
    server = Server(measured)
    with tempfile.TemporaryDirectory() as profile:
        browser = _module("browser", "chromium").Browser(Path(profile))
        tab_of = _module("tracker", "tabs").Tab
        try:
            measure(measured[0], browser, tab_of, server)  # the browser's own first page
            measured[0].script_ms.clear()
            measured[0].task_ms.clear()
            for number in range(options.views):
                if sys.stderr.isatty():
                    print(f"\rview {number + 1} of {options.views}", end="", file=sys.stderr)
                for subject in measured:
                    measure(subject, browser, tab_of, server)
        finally:
            browser.close()
    rows = table(measured)
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"a page view, median of {options.views}, less the same page without a tracker")
    print("  ".join(f"{name:>12}" for name in rows[0]))
    for row in rows:
        print("  ".join(f"{value:>12}" for value in row.values()))


if __name__ == "__main__":
    main()

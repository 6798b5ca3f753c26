"""A site whose pages load the tracker, and what was sent to it: every request as it came."""

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from glasshouse_sdk.browser import configuration, configured
from glasshouse_sdk.manifest import compile_manifest, parse_manifest

EXAMPLES = Path(__file__).parents[3] / "sdk" / "browser" / "examples"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; require-trusted-types-for 'script'"
)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def items(self):
        return json.loads(self.body)["items"]

    def text(self):
        """Everything of it, for a search."""
        return f"{self.method} {self.path} {self.headers} {self.body.decode(errors='replace')}"


@dataclass
class Site:
    """Serves pages by path; takes items at /glasshouse/items and answers them with `status`."""

    compiled: dict
    pages: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    status: int = 204
    banner: bool = False
    policy: str = POLICY
    url: str = ""
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def sent(self):
        """Requests to where items go, whatever is in them."""
        return [each for each in self.requests if each.path.startswith("/glasshouse/items")]

    @property
    def items(self):
        return [item for request in self.sent if request.method == "POST" for item in request.items]

    def wait(self, holds, seconds=60):
        """Until `holds(site)`; what was sent is in the failure's text."""
        with self.changed:
            enough = self.changed.wait_for(lambda: holds(self), seconds)
        assert enough, [(r.method, r.path, r.body) for r in self.requests]
        return self.items

    def wait_for_items(self, number):
        return self.wait(lambda site: len(site.items) >= number)

    def quiet(self, seconds=1.6):
        """Long enough for what waits in a page to be sent."""
        time.sleep(seconds)
        return self.items

    def page(self, path):
        """What a path shows: a page of the test's, or one that every path has."""
        body = self.pages.get(path, "<h1>A page</h1>")
        banner = '<script src="/glasshouse/banner.js" defer></script>' if self.banner else ""
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page</title>'
            '<meta name="viewport" content="width=device-width">'
            '<script src="/glasshouse/tracker.js" referrerpolicy="no-referrer" defer '
            f'data-version="1.4.0"></script>{banner}</head><body><main>{body}</main></body></html>'
        ).encode()


def compiled_of(source, **replaced):
    """A manifest's compiled form; `replaced` are texts of the source and what stands for them."""
    for old, new in replaced.items():
        assert old in source
        source = source.replace(old, new)
    return compile_manifest(parse_manifest(source))


def serve(site):
    """Start it on a free port; the server, to be shut down."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self._note(b"")
            path = self.path.partition("?")[0]
            headers = {"cache-control": "no-cache"}
            if path.startswith("/glasshouse/"):
                name = path.rpartition("/")[2]
                content = configured(name, configuration(site.compiled, "items"))
                self._answer(200, content, "text/javascript", headers)
            elif path in site.files:
                kind = "text/javascript" if path.endswith(".js") else "text/html; charset=utf-8"
                self._answer(200, site.files[path], kind, headers)
            elif path == "/favicon.ico":
                self._answer(404, b"", "text/plain", {})
            else:
                headers["content-security-policy"] = site.policy
                self._answer(200, site.page(path), "text/html; charset=utf-8", headers)

        def do_POST(self):
            self._note(self.rfile.read(int(self.headers.get("content-length", 0))))
            self._answer(site.status, b"", "text/plain", {"retry-after": "1"})

        def _note(self, body):
            headers = {name.lower(): value for name, value in self.headers.items()}
            with site.changed:
                site.requests.append(Request(self.command, self.path, headers, body))
                site.changed.notify_all()

        def _answer(self, status, content, kind, headers):
            self.send_response(status)
            for name, value in {**headers, "content-type": kind}.items():
                self.send_header(name, value)
            if status not in (204, 304):
                self.send_header("content-length", str(len(content)))
            self.end_headers()
            if status not in (204, 304):
                self.wfile.write(content)

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_):
            pass  # a page that closes hangs up

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server

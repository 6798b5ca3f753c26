"""Far ends of the wire: real sockets on loopback, each with one way to fail.

A `FarEnd` counts the marks in all that it is sent, whatever the wire format.
"""

import contextlib
import gzip
import http.server
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

from bench.server import free_port

MARK = re.compile(rb"mark-([0-9]{6})")
SLOW = 1.0  # seconds between the bytes of a slow answer


class FarEnd:
    """An HTTP server that answers as `way` says and keeps the marks that it was sent."""

    def __init__(self, way: str) -> None:
        self.way = way
        self.marks: list[bytes] = []
        self.closing = threading.Event()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        far_end = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.headers.get("Content-Encoding") == "gzip" or body[:2] == b"\x1f\x8b":
                    body = gzip.decompress(body)
                with contextlib.suppress(OSError):  # the client may have left
                    WAYS[far_end.way](self, body, far_end)

            do_GET = do_PUT = do_POST  # noqa: N815 — the names that http.server looks for

            def answer(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _take(handler: Any, body: bytes, far_end: FarEnd) -> None:
    """Taken; answered as each client's collector does."""
    far_end.marks += MARK.findall(body)
    answer: dict[str, object] = {"success": True, "status": 1}
    if handler.path == "/v1/telemetry":
        items = json.loads(body)["items"]
        answer = {"receipts": [{"id": item["id"], "outcome": "accepted"} for item in items]}
    elif handler.path == "/v1/traces":
        handler.answer(200, "application/x-protobuf", b"")
        return
    handler.answer(200, "application/json", json.dumps(answer).encode())


def _trickle(handler: Any, _: bytes, far_end: FarEnd) -> None:
    for byte in b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n" * 5:
        if far_end.closing.wait(SLOW):
            return
        handler.wfile.write(bytes([byte]))


def _busy(handler: Any, _: bytes, __: FarEnd) -> None:
    handler.answer(503, "text/plain", b"busy")


def _silence(_: Any, __: bytes, far_end: FarEnd) -> None:
    far_end.closing.wait(120)


def _portal(handler: Any, _: bytes, __: FarEnd) -> None:
    handler.answer(200, "text/html", b"<html>Log in</html>")


WAYS: dict[str, Callable[..., None]] = {
    "ok": _take,
    "503": _busy,
    "black hole": _silence,
    "1 byte a second": _trickle,
    "captive portal": _portal,
}


@contextlib.contextmanager
def closed_port() -> Iterator[str]:
    yield f"http://127.0.0.1:{free_port()}"


@contextlib.contextmanager
def dropped_syn() -> Iterator[str]:
    """A listener whose queue is full: the kernel drops whatever else knocks."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            knocking = stack.enter_context(socket.socket())
            knocking.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                knocking.connect(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def silent_resolver() -> Iterator[str]:
    """A name server that never answers; its address."""
    address = "127.0.0.77"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver:
        resolver.bind((address, 53))
        yield address

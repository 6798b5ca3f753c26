"""A real mail server, and a program that takes webhooks."""

import asyncio
import threading
from contextlib import contextmanager

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from bench.server import free_port


class Inbox(Message):
    """Keeps what a real mail server took."""

    def __init__(self):
        super().__init__()
        self.messages = []

    def handle_message(self, message):
        self.messages.append(message)


@contextmanager
def mail_server(handler, **options):
    """A real mail server on a free port of loopback."""
    port = free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


class Receiver:
    """A program that takes webhooks, and answers as it is told to."""

    def __init__(self):
        self.requests, self.status, self.hold = [], 200, threading.Event()
        self.hold.set()

    async def __call__(self, scope, receive, send):
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        headers = {n.decode(): v.decode() for n, v in scope["headers"]}
        self.requests.append((headers, body))
        await asyncio.to_thread(self.hold.wait)
        location = [(b"location", b"/elsewhere")] if self.status == 302 else []
        await send({"type": "http.response.start", "status": self.status, "headers": location})
        await send({"type": "http.response.body", "body": b"x" * 100_000})

"""Heads that are too long, or that never end, take neither memory nor a connection for long."""

import resource
import socket
import time
from pathlib import Path

import pytest

from glasshouse.collector.connections import BoundedConnection

REQUEST = b"GET /v1/batch HTTP/1.1\r\nhost: x\r\n"


@pytest.fixture
def connection(running):
    address = running.url.removeprefix("http://").split(":")
    with socket.create_connection((address[0], int(address[1])), timeout=30) as connected:
        yield connected


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.parametrize("piece", [b"x: " + b"y" * 65_000 + b"\r\n", b"y" * 65_000])
def test_a_head_without_end_is_refused_early(connection, piece):
    before = resident()
    connection.sendall(REQUEST + b"z: ")
    sent = 0
    with pytest.raises(OSError, match=r"reset|pipe|closed"):  # noqa: PT012 (which one varies)
        while sent < 500_000_000:
            connection.sendall(piece)
            sent += len(piece)
        raise OSError("it takes everything")
    assert sent < 20_000_000  # what fits into the buffers between the two
    assert resident() - before < 16_000_000


def test_the_answer_says_why(connection):
    connection.sendall(REQUEST + b"x: " + b"y" * 70_000)
    assert connection.recv(100).startswith(b"HTTP/1.1 431 ")


def test_a_head_that_does_not_come_is_not_waited_for(monkeypatch, request):
    monkeypatch.setattr(BoundedConnection, "head_seconds", 0.3)
    running = request.getfixturevalue("running")
    address = running.url.removeprefix("http://").split(":")
    for start in (b"", REQUEST):
        with socket.create_connection((address[0], int(address[1])), timeout=30) as connected:
            connected.sendall(start)
            begun = time.monotonic()
            assert connected.recv(10) == b""
            assert time.monotonic() - begun < 20


def test_a_connection_in_use_stays(monkeypatch, request):
    monkeypatch.setattr(BoundedConnection, "head_seconds", 1.5)
    running = request.getfixturevalue("running")
    address = running.url.removeprefix("http://").split(":")
    with socket.create_connection((address[0], int(address[1])), timeout=30) as connected:
        for _ in range(2):
            connected.sendall(REQUEST)
            time.sleep(0.05)
            connected.sendall(b"\r\n")
            answer = b""
            while not answer.endswith(b"}"):  # head and body may come one after the other
                piece = connected.recv(1000)
                assert piece, "the connection was closed"
                answer += piece
            assert answer.startswith(b"HTTP/1.1 405")
            time.sleep(1.8)  # longer than a head may take

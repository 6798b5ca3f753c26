"""Heads that are too long, or that never end, take neither memory nor a connection for long."""

import resource
import socket
import time
from pathlib import Path

import msgspec
import pytest

from glasshouse.collector.connections import DoorConnection

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
    monkeypatch.setattr(DoorConnection, "head_seconds", 0.3)
    running = request.getfixturevalue("running")
    address = running.url.removeprefix("http://").split(":")
    for start in (b"", REQUEST):
        with socket.create_connection((address[0], int(address[1])), timeout=30) as connected:
            connected.sendall(start)
            begun = time.monotonic()
            assert connected.recv(10) == b""
            assert time.monotonic() - begun < 20


def test_a_connection_in_use_stays(monkeypatch, request):
    monkeypatch.setattr(DoorConnection, "head_seconds", 1.5)
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


def whole(connected, answers):
    """So many answers, one after the other, as they came."""
    found, data = [], b""
    while len(found) < answers:
        piece = connected.recv(65536)
        assert piece, f"the connection was closed behind {found}"
        data += piece
        while b"\r\n\r\n" in data:
            head, _, rest = data.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            if len(rest) < length:
                break
            found.append((int(head[9:12]), rest[:length]))
            data = rest[length:]
    return found


def posted(path, body):
    return f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def test_requests_sent_ahead_are_answered_in_their_order(connection, running):
    key = running.key()
    track = {"type": "track", "event": "x", "userId": "u", "writeKey": key}
    one = msgspec.json.encode({"batch": [{**track, "messageId": "1"}], "writeKey": key})
    requests = [posted("/v1/batch", one), posted("/v1/telemetry", b"{}"), posted("/v1/batch", one)]
    requests.insert(2, REQUEST + b"\r\n")
    connection.sendall(b"".join(requests))
    assert [status for status, _ in whole(connection, 4)] == [200, 401, 405, 200]


def test_a_body_in_pieces_and_in_chunks(connection, running):
    body = b'{"batch":[],"writeKey":"%b"}' % running.key().encode()
    head = b"POST /v1/batch HTTP/1.1\r\nhost: x\r\n"
    for piece in (b"content-length: %d\r\n\r\n" % len(body), body[:5], body[5:]):
        connection.sendall((head if piece.startswith(b"content") else b"") + piece)
        time.sleep(0.05)
    assert whole(connection, 1)[0][0] == 200
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:9], body[9:]))
    connection.sendall(head + b"transfer-encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
    assert whole(connection, 1)[0][0] == 200


def test_whoever_asks_whether_to_go_on_is_told(connection, running):
    body = b'{"batch":[],"writeKey":"%b"}' % running.key().encode()
    head = (
        b"POST /v1/batch HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: %d\r\n\r\n"
    )
    connection.sendall(head % len(body))
    assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(body)
    assert whole(connection, 1)[0][0] == 200


def test_old_clients_and_those_that_say_so_are_hung_up_on(running):
    for version, header in ((b"1.0", b""), (b"1.1", b"connection: close\r\n")):
        with socket.create_connection(running.address, timeout=30) as connected:
            connected.sendall(
                b"POST /v1/telemetry HTTP/%b\r\nhost: x\r\n%bcontent-length: 2\r\n\r\n{}"
                % (version, header)
            )
            assert whole(connected, 1)[0][0] == 401
            assert connected.recv(10) == b""


def test_what_is_left_of_a_body_too_large_does_not_disturb_the_next_request(connection):
    size = 9_000_000
    head = f"POST /v1/telemetry HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n"
    connection.sendall(head.encode())
    assert whole(connection, 1)[0][0] == 413
    connection.sendall(b"x" * size + posted("/v1/telemetry", b"{}"))
    assert whole(connection, 1)[0][0] == 401


def test_a_client_that_hangs_up_gives_its_room_back(running):
    with socket.create_connection(running.address, timeout=30) as connected:
        connected.sendall(b"POST /v1/batch HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\nx")
        until(lambda: running.app.reception.in_flight == 900)
    until(lambda: running.app.reception.in_flight == 0)


def until(holds):
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)

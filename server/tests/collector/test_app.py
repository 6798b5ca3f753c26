"""What holds for every door: bodies that are slow, and lengths that are lies."""

import socket

import pytest


def test_a_body_that_does_not_come_is_answered_408(running):
    running.app.body_seconds = 0.3
    with socket.create_connection(running.address, timeout=20) as client:
        client.sendall(b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert client.recv(100).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("length", ["-1", "1e3", "99999999999999999999", "x"])
def test_a_hostile_length_is_no_server_error(running, length):
    with socket.create_connection(running.address, timeout=20) as client:
        head = f"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
        client.sendall(head.encode() + b"{}")
        status = client.recv(100)
    assert status[9:10] in (b"4", b""), status

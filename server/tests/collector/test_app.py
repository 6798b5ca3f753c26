"""What holds for every door: slow bodies, and defects of ours, end in an answer without a value."""

import logging
import socket

import pytest

from glasshouse.collector.places import Places


def test_a_body_that_does_not_come_is_answered_408(running):
    running.app._body_seconds = 0.3
    with socket.create_connection(running.address, timeout=20) as client:
        client.sendall(b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert client.recv(100).startswith(b"HTTP/1.1 408")


def test_a_defect_is_told_by_its_place_and_never_by_a_value(running, monkeypatch, caplog):
    def defect(self: Places, address: str) -> tuple[str, str]:
        raise RuntimeError("CANARY")

    monkeypatch.setattr(Places, "place", defect)
    with caplog.at_level(logging.ERROR):
        answer = running.native([{"CANARY": 1}])
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert "RuntimeError" in caplog.text
    assert "CANARY" not in caplog.text + answer.text
    assert "test_app.py" in caplog.text


@pytest.mark.parametrize("length", ["-1", "1e3", "99999999999999999999", "x"])
def test_a_hostile_length_is_no_server_error(running, length):
    with socket.create_connection(running.address, timeout=20) as client:
        head = f"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
        client.sendall(head.encode() + b"{}")
        status = client.recv(100)
    assert status[9:10] in (b"4", b""), status

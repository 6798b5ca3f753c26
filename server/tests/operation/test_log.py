"""The log of a real server: what it tells, and what nobody can make it tell."""

import http.client
import io
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from bench.load import native_requests, send
from bench.server import _registered

from glasshouse.cli.log import FORMS, log_to
from glasshouse.notices import NOTICES, TAKEN, Notice, tell

CANARIES = (
    "canary.person@example.org",
    "203.0.113.77",
    "2001:db8:77::cafe",
    "/home/canaryuser/secret.txt",
    "ghtok_canary7777",
    "canary-host.internal",
)


def started(data: Path, log: Path, *flags: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "glasshouse.cli.main", "serve", "--data", str(data)]
    with log.open("wb") as file:
        return subprocess.Popen(
            [*command, "--listen", "127.0.0.1:0", *flags], stdout=file, stderr=file
        )


def stopped(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def raw(address, data: bytes) -> bytes:
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(data)
        try:
            return connection.recv(65536)
        except ConnectionError:
            return b""


def said(log: Path, event: str, seconds: float = 15.0) -> dict:
    """The first line of an event, as soon as it is there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for line in log.read_text().splitlines():
            found = json.loads(line)
            if found["event"] == event:
                return found
        time.sleep(0.05)
    raise AssertionError(f"no {event} in {log.read_text()}")


def test_the_life_of_a_server_is_json_a_line_and_no_canary_is_in_it(tmp_path):
    log = tmp_path / "log"
    process = started(tmp_path / "data", log, "--log-format", "json")
    try:
        server = _registered(process, tmp_path / "data")
        wrong = ", ".join(f'"{c}": "{c}"' for c in CANARIES)
        for canary in CANARIES:
            head = f"GET /{canary} HTTP/1.1\r\nHost: {canary}\r\nX: {canary}\r\n\r\n"
            raw(server.address, head.encode())
            raw(server.address, f"{canary} NOT HTTP {canary}\r\n\r\n".encode())
            raw(server.address, f"POST /v1/telemetry HTTP/9.{canary}\r\n\r\n".encode())
            raw(server.address, f"GET /?{canary} HTTP/1.1\r\n{canary}\0\r\n\r\n".encode())
            http_post(server, f"/api/v1/sql?{canary}", json.dumps({"sql": f"select {canary!r}"}))
            http_post(server, "/v1/telemetry", "{" + wrong + "}", server.key)
            http_post(server, "/v1/batch", "{" + wrong, canary)
            http_post(server, f"/api/v1/keeping/{canary}", wrong, server.token)
            http_post(server, "/api/v1/keeping/erase", "{" + wrong + "}", server.token)
            http_post(server, "/api/v1/keeping/backup", json.dumps({"to": canary}), server.token)
        send(server.address, native_requests(100, 50, server.digest, server.key, 1), 1)
        refused = said(log, "refused")
        assert refused["items"] >= 1
        assert refused["door"] in ("native", "segment")
        assert refused["level"] == "info"
        assert said(log, "rolled")["segment"] >= 1
        started_line = said(log, "started")
        assert started_line["port"] == server.address[1]
    finally:
        stopped(process)
    assert said(log, "stopping")
    assert said(log, "stopped")
    text = log.read_text()
    for canary in (*CANARIES, "127.0.0.1", server.key, server.token):
        assert canary not in text, [line for line in text.splitlines() if canary in line]
    for line in text.splitlines():
        facts = json.loads(line)
        _, names, _ = NOTICES[Notice(facts.pop("event"))]
        assert set(facts) <= {"at", "level", *names}


def http_post(server, path: str, body: str, key: str = "") -> int:
    connection = http.client.HTTPConnection(*server.address, timeout=30)
    try:
        headers = {"authorization": f"Bearer {key}", "content-type": "text/plain"}
        connection.request("POST", path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_full_disk_is_told_once_and_so_is_the_recovery(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={40 * 1024 * 1024}", "tmpfs", disk]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    log = tmp_path / "log"
    try:
        process = started(disk / "data", log, "--log-format", "json")
        try:
            server = _registered(process, disk / "data")
            room = os.statvfs(disk)
            ballast = disk / "ballast"
            ballast.write_bytes(bytes(room.f_bavail * room.f_frsize))
            requests = native_requests(2000, 100, server.digest, server.key, 1)
            for _ in range(3):
                send(server.address, requests, 1)
            assert said(log, "disk_full")["part"] == "journal"
            ballast.unlink()
            send(server.address, requests, 1)
            recovered = said(log, "recovered")
            assert recovered["failures"] >= 2
            lines = [json.loads(line) for line in log.read_text().splitlines()]
            full = [line for line in lines if line["event"] == "disk_full"]
            assert len([line for line in full if line["part"] == "journal"]) == 1
            server.wait_until_stored(2000)
        finally:
            stopped(process)
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@pytest.fixture
def logging_restored():
    root, ours = logging.getLogger(), logging.getLogger("glasshouse")
    before = root.handlers[:], root.level, ours.level, sys.excepthook, threading.excepthook
    yield
    root.handlers[:], root.level, ours.level, sys.excepthook, threading.excepthook = before
    logging.captureWarnings(False)


@pytest.mark.parametrize("form", FORMS)
def test_forms(form, logging_restored):
    stream = io.StringIO()
    log_to(stream, form)
    tell(Notice.REFUSED, product="shop", door="native", reason="bad_json", items=3)
    tell(Notice.REPORTED, text='with "quotes" and blanks')
    first, second = stream.getvalue().splitlines()
    if form == "json":
        assert json.loads(first)["items"] == 3
        assert json.loads(second)["text"] == 'with "quotes" and blanks'
    elif form == "logfmt":
        assert re.match(r"at=\S+Z level=info event=refused product=shop door=native", first)
        assert r'text="with \"quotes\" and blanks"' in second
    else:
        assert first == "glasshouse: refused product=shop door=native reason=bad_json items=3"
        assert second == 'glasshouse: with "quotes" and blanks'


def test_what_a_library_logs_loses_its_text_and_its_flood(logging_restored):
    stream = io.StringIO()
    clock = iter([0.0, 1.0, 2.0, 20.0])
    log_to(stream, "json", lambda: next(clock))
    for _ in range(4):
        try:
            raise ValueError(CANARIES[0])
        except ValueError:
            logging.getLogger("a.library").exception("from %s", CANARIES[1])
    text = stream.getvalue()
    assert not any(canary in text for canary in CANARIES)
    first, last = map(json.loads, text.splitlines())
    assert first["logger"] == "a.library"
    assert first["error"].startswith("ValueError at test_log.py:")
    assert last["before"] == 2


def test_an_uncaught_error_loses_its_text_and_keeps_its_places(logging_restored):
    stream = io.StringIO()
    log_to(stream, "json")

    def fail():
        raise RuntimeError(CANARIES[0])

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert line["event"] == "defect"
    assert line["error"] == "RuntimeError"
    assert "test_log.py" in line["place"]


def test_a_fact_that_a_notice_does_not_have_is_refused():
    with pytest.raises(ValueError, match="has the facts"):
        tell(Notice.STOPPED, address="203.0.113.7")


def test_a_wrong_form_is_refused_in_words(tmp_path):
    command = [sys.executable, "-m", "glasshouse.cli.main", "serve", "--data", str(tmp_path / "d")]
    environment = {**os.environ, "GLASSHOUSE_LOG_FORMAT": "xml"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ended.returncode == 2
    assert "found the log format 'xml'; expected one of text, json, logfmt" in ended.stderr


def test_no_fact_takes_the_name_of_what_every_line_has():
    for notice, (_, facts, _) in NOTICES.items():
        assert not set(facts) & set(TAKEN), notice

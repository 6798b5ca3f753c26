"""Several collector processes on one port: they share what they must, and none ends another."""

import contextlib
import http.client
import itertools
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bench.load import native_requests, send
from bench.server import MANIFEST, Server, running
from soak.crashes import crash
from soak.disks import KINDS

CONNECTIONS = 24  # enough that the kernel hands some of them to each process


def members(pid: int) -> list[int]:
    """The process ids of the further collectors."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            with contextlib.suppress(OSError):
                if b"crew.member" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.append(int(child))
    return found


def is_alive(pid: int) -> bool:
    """Whether the process is there, and not only its exit status that nobody has asked for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def server(tmp_path) -> Iterator[Server]:
    with running(tmp_path / "data", collectors="2") as server:
        yield server


def until(condition, seconds: float = 30.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)
    return found


@pytest.fixture
def connection_to() -> Iterator[Callable[[Server, int], http.client.HTTPConnection]]:
    """Makes connections that a given process has accepted."""
    with contextlib.ExitStack() as opened:

        def connect(server: Server, pid: int) -> http.client.HTTPConnection:
            connection = accepted_by(server, pid)
            opened.callback(connection.close)
            return connection

        yield connect


def accepted_by(server: Server, pid: int) -> http.client.HTTPConnection:
    for _ in range(200):
        connection = http.client.HTTPConnection(*server.address, timeout=30)
        connection.request("GET", "/whitelist")
        connection.getresponse().read()
        port = connection.sock.getsockname()[1]
        if _holds(pid, port):
            return connection
        connection.close()
    raise AssertionError("the kernel gave this process no connection")


def _holds(pid: int, client_port: int) -> bool:
    """Whether one of the process' sockets is the other end of a client's."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if int(fields[2].rpartition(":")[2], 16) == client_port:
                inodes.add(fields[9])
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found = re.match(r"socket:\[(\d+)\]", os.readlink(fd))
            if found and found[1] in inodes:
                return True
    return False


def post(connection, path: str, body, **headers) -> tuple[int, dict]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request("POST", path, data, headers)
    answer = connection.getresponse()
    text = answer.read()
    return answer.status, json.loads(text) if text.startswith(b"{") else {}


def administer(server: Server, method: str, path: str, body=None) -> dict:
    request = urllib.request.Request(
        "http://{}:{}".format(*server.address) + path,
        method=method,
        data=json.dumps(body).encode() if isinstance(body, dict) else body,
        headers={"authorization": f"Bearer {server.token}"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def items(server: Server, numbers, **more) -> dict:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {
        "manifest": server.digest,
        "items": [
            {
                "item": "event.job_finished",
                "id": f"{number:032x}",
                "at": at,
                "instance": "i-1",
                "fields": {"result": "SUCCESS"},
                **more,
            }
            for number in numbers
        ],
    }


def test_both_take_requests_and_a_repeat_is_told_whoever_gets_it(server, connection_to):
    (member,) = members(server.pid)
    requests = native_requests(3000, 50, server.digest, server.key, 1)
    send(server.address, requests, CONNECTIONS)
    send(server.address, requests, CONNECTIONS)  # the same once more, spread otherwise
    server.wait_until_stored(3000)
    until(lambda: server.get("/health/accounting")["products"]["bench"]["native"]["waiting"] == 0)
    account = server.get("/health/accounting")
    native = account["products"]["bench"]["native"]
    assert (native["received"], native["stored"], native["duplicate"]) == (6000, 3000, 3000)
    assert account["difference"] == 0
    by_member = until(lambda: _requests_counted(server, 120))
    assert by_member == 120
    # Each of the two processes has taken some: the same request at either is answered.
    for pid in (server.pid, member):
        connection = connection_to(server, pid)
        bearer = {"authorization": f"Bearer {server.key}"}
        status, answer = post(connection, "/v1/telemetry", items(server, [1]), **bearer)
        assert (status, answer["receipts"][0]["outcome"]) == (200, "accepted")
    server.wait_until_stored(3001)
    assert server.get("/health/accounting")["products"]["bench"]["native"]["stored"] == 3001


def _requests_counted(server: Server, wanted: int) -> int | None:
    with urllib.request.urlopen("http://{}:{}/metrics".format(*server.address)) as answer:
        text = answer.read().decode()
    found = re.search(r'glasshouse_requests_total\{door="native",status="200"\} (\d+)', text)
    return int(found[1]) if found and int(found[1]) >= wanted else None


def test_a_member_answers_pages_health_and_administration_too(server, connection_to):
    (member,) = members(server.pid)
    connection = connection_to(server, member)
    bearer = {"authorization": f"Bearer {server.token}"}
    for path, headers, said in (
        ("/health/ready", {}, b'"running":2'),
        ("/", {}, b"<html"),
        ("/products/bench", {}, b"Bench"),
        ("/metrics", {}, b"glasshouse_collectors_up 2.0"),
        ("/api/v1/products", bearer, b'"slug":"bench"'),
    ):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, (path, text)
        assert said in text, (path, text[:300])
    connection.request("GET", "/nowhere/%F0?x=%00")
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 404
    status, answer = post(connection, "/api/v1/sql", {"sql": "select 42 as n"}, **bearer)
    assert (status, answer["rows"]) == (200, [{"n": 42}])


ODD = (
    b"GET /\x7f\x01 HTTP/1.1\r\nhost: x\r\n\r\n",
    b"GET /%00%ff?%zz HTTP/1.1\r\nhost: x\r\n\r\n",
    b"GET /\xe9\xff HTTP/1.1\r\nhost: x\r\n\r\n",
    b"GET //nowhere//?//a@b HTTP/1.1\r\nhost: x\r\n\r\n",
    b"GET @127.0.0.1:1/ HTTP/1.1\r\nhost: x\r\n\r\n",
    b"GET http://127.0.0.1:1/x HTTP/1.1\r\nhost: x\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nhost: x\r\n\r\n",
    b"GET /x HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n",
    b"POST /api/v1/sql HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    b"2\r\n{}\r\n0\r\n\r\n",
    b"POST /api/v1/sql HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n{}",
)


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd[:24].decode("latin-1").strip())
def test_odd_requests_to_a_member_are_answered_as_the_first_process_would(server_of_all, odd):
    server, connect = server_of_all
    statuses = []
    for pid in (server.pid, *members(server.pid)):
        connection = connect(server, pid)
        connection.sock.sendall(odd)
        answer = connection.sock.recv(65536)
        while answer.startswith(b"HTTP/1.1 100"):
            answer = answer.partition(b"\r\n\r\n")[2] or connection.sock.recv(65536)
        statuses.append(int(answer.split(b" ", 2)[1]))
        connection.close()
    first, member = statuses
    assert max(statuses) < 500
    assert member == first or {member, first} <= {400, 401, 403, 404, 405}, statuses


@pytest.fixture(scope="module")
def server_of_all(tmp_path_factory):
    opened = []

    def connect(server, pid):
        opened.append(accepted_by(server, pid))
        return opened[-1]

    with running(tmp_path_factory.mktemp("odd") / "data", collectors="2") as server:
        yield server, connect
    for connection in opened:
        connection.close()


def test_a_change_of_the_catalogue_reaches_a_member_before_it_is_answered(server, connection_to):
    (member,) = members(server.pid)
    connection = connection_to(server, member)
    second = MANIFEST.read_bytes().replace(b'slug = "bench"', b'slug = "second"')
    added = administer(server, "POST", "/api/v1/products", second)
    key = next(k["key"] for k in added["write_keys"] if k["origin"] == "production")
    body = items(server, [7]) | {"manifest": added["digest"]}
    bearer = {"authorization": f"Bearer {key}"}
    status, answer = post(connection, "/v1/telemetry", body, **bearer)
    assert (status, answer["receipts"][0]["outcome"]) == (200, "accepted")
    for ended in (True, False, True):
        administer(server, "PATCH", "/api/v1/products/second", {"ended": ended})
        status, _ = post(connection, "/v1/telemetry", body, **bearer)
        assert status == (410 if ended else 200)


def test_what_a_member_refuses_is_in_the_quarantine_and_the_live_view(server, connection_to):
    (member,) = members(server.pid)
    connection = connection_to(server, member)
    keys = administer(server, "GET", "/api/v1/products")["products"][0]["write_keys"]
    key = next(k["key"] for k in keys if k["origin"] == "development")
    body = items(server, [1], fields={"result": "MAYBE"})
    post(connection, "/v1/telemetry", body, authorization=f"Bearer {key}")
    kinds = until(lambda: administer(server, "GET", "/api/v1/quarantine?product=bench")["kinds"])
    assert kinds[0]["reason"] == "wrong_type"
    live = administer(server, "GET", "/api/v1/live?product=bench")["items"]
    assert live[0]["outcome"] == "rejected"


def test_a_limit_is_shared(server, connection_to):
    """Two connections, one to each process, get together what one would get alone."""
    administer(server, "PATCH", "/api/v1/products/bench", {"rate": 20})
    pids = [server.pid, *members(server.pid)]
    connections = [connection_to(server, pid) for pid in pids]
    bearer = {"authorization": f"Bearer {server.key}"}
    taken, number, started = [0, 0], 0, time.monotonic()
    while (passed := time.monotonic() - started) < 6:
        for place, connection in enumerate(connections):
            number += 10
            body = items(server, range(number, number + 10))
            status, _ = post(connection, "/v1/telemetry", body, **bearer)
            taken[place] += 10 * (status == 200)
            assert status in (200, 429)
        time.sleep(0.05)
    allowed = 20 * (10 + passed)  # ten seconds' worth may be saved up
    assert 0.8 * allowed <= sum(taken) <= 1.15 * allowed, (taken, allowed)
    assert min(taken) > 0


def test_a_killed_member_is_replaced_and_the_others_go_on(server, connection_to):
    (member,) = members(server.pid)
    bearer = {"authorization": f"Bearer {server.key}"}
    first = connection_to(server, server.pid)
    os.kill(member, signal.SIGKILL)
    for number in range(50):
        status, _ = post(first, "/v1/telemetry", items(server, [number]), **bearer)
        assert status == 200
    (replaced,) = until(lambda: [pid for pid in members(server.pid) if pid != member])
    until(lambda: server.get("/health/ready")["collectors"]["running"] == 2)
    second = connection_to(server, replaced)
    status, _ = post(second, "/v1/telemetry", items(server, [99]), **bearer)
    assert status == 200
    server.wait_until_stored(51)


def test_a_member_that_hangs_is_replaced(server):
    (member,) = members(server.pid)
    os.kill(member, signal.SIGSTOP)
    until(lambda: [pid for pid in members(server.pid) if pid != member], 60)


def test_the_first_process_takes_its_members_along_and_the_directory_is_free(tmp_path):
    with running(tmp_path / "data", collectors="2") as server:
        (member,) = members(server.pid)
        os.kill(server.pid, signal.SIGKILL)
        with running(tmp_path / "data", collectors="2") as next_server:
            assert next_server.get("/health/ready")["collectors"]["running"] == 2
            assert not is_alive(member)


def test_an_orderly_stop_leaves_nothing_waiting_and_nobody_behind(tmp_path):
    with running(tmp_path / "data", collectors="3") as server:
        pids = members(server.pid)
        assert len(pids) == 2
        send(server.address, native_requests(2000, 50, server.digest, server.key, 1), CONNECTIONS)
    assert not any(map(is_alive, pids))
    with running(tmp_path / "data") as server:
        account = server.get("/health/accounting")["products"]["bench"]["native"]
        assert (account["received"], account["stored"], account["waiting"]) == (2000, 2000, 0)


def test_kills_of_either_process_lose_nothing_and_count_nothing_twice(tmp_path):
    victims = itertools.cycle((lambda pid: members(pid)[0], lambda pid: pid))
    ledger = crash(
        KINDS["kill"](tmp_path),
        4,
        random.Random(5),
        clients_seconds=1.0,
        victim=lambda server: next(victims)(server.pid),
        collectors="2",
    )
    assert ledger.acknowledged > 300


def test_a_port_of_another_server_is_not_shared(tmp_path):
    with running(tmp_path / "data", collectors="2") as server:
        command = [sys.executable, "-m", "glasshouse.cli.main", "serve", "--collectors", "2"]
        command += ["--data", str(tmp_path / "other"), "--listen", "{}:{}".format(*server.address)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "cannot listen on" in ended.stderr


@pytest.mark.parametrize("flags", [["--collectors", "0"], ["--collectors", "99"]])
def test_odd_numbers_are_refused_in_words(tmp_path, flags):
    command = [sys.executable, "-m", "glasshouse.cli.main", "serve", "--data", str(tmp_path)]
    ended = subprocess.run([*command, *flags], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert "expected 1 to 16" in ended.stderr


def test_doors_on_a_port_of_their_own_are_shared_too(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    settings = {"collectors": "2", "collector_listen": f"127.0.0.1:{port}"}
    with running(tmp_path / "data", **settings) as server:
        requests = native_requests(1000, 50, server.digest, server.key, 1)
        send(("127.0.0.1", port), requests, CONNECTIONS)
        server.wait_until_stored(1000)
        for _ in range(8):  # whichever process gets it: the doors' port shows health and no page
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            for path, status in (("/health/ready", 200), ("/products/bench", 404)):
                connection.request("GET", path)
                answer = connection.getresponse()
                answer.read()
                assert answer.status == status
            connection.close()

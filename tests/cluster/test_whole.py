"""Roles over real engines: items through two collectors into two shards, a move, an erasure."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from bench.load import native_requests, send
from bench.server import running
from cluster import kills
from cluster.load import Load
from cluster.packages import missing
from cluster.process import started
from cluster.whole import WholeCluster

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()), reason=f"not installed: {', '.join(missing())}"),
    pytest.mark.xdist_group("cluster"),
]
EVENTS = 2_000


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    directory = tmp_path_factory.mktemp("cluster")
    with started(WholeCluster(directory, collectors=2, loaders=1)) as made:
        yield made


@pytest.fixture(scope="module")
def load(cluster):
    made = Load([each.port for each in cluster.collectors], cluster.register(), clients=2)
    made.send(EVENTS)
    return made


def test_every_item_is_there_once_and_in_the_books(cluster, load):
    found = kills.count(cluster, load.acknowledged)
    assert (found.lost, found.twice, found.account["difference"]) == (0, 0, 0)
    assert found.account["stored"] == found.rows == load.acknowledged
    assert (load.trouble.untold, load.trouble.other) == (0, 0)


def test_each_role_says_how_it_is(cluster, load):
    said = {role.name: role.get("/health/ready") for role in cluster.roles}
    assert all(each["ready"] for each in said.values())
    assert said["loader-1"]["partitions"] == [0, 1, 2, 3]
    assert all(role.get("/health/live") == {"live": True} for role in cluster.roles)


def bytes_held(cluster, text):
    """The files on all nodes of both engines that hold it."""
    wanted = text.encode()
    places = [*cluster.nats.stores, *cluster.clickhouse.directories]
    files = (path for place in places for path in place.rglob("*") if path.is_file())
    found = []
    for path in files:
        try:
            if wanted in path.read_bytes():
                found.append(path)
        except FileNotFoundError:  # merged away meanwhile
            continue
    return found


def test_an_erased_instance_is_gone_from_every_disk(cluster, load):
    host, secret = ("127.0.0.1", cluster.collectors[0].port), "erase-me-aef422e56a74530"
    body = {
        "manifest": load._product.digest,
        "items": [
            {"item": "event.job_finished", "id": f"{n:032x}", "at": "2026-11-01T00:00:00Z",
             "instance": secret, "version": "1.0.0", "fields": {"result": "SUCCESS"}}
            for n in range(50)
        ],
    }  # fmt: skip
    request = load._post(host[1], json.dumps(body).encode())
    assert request[0] == 200
    assert bytes_held(cluster, secret)  # the search finds it: in the journal, or in the store
    cluster.wait_until_loaded(load.acknowledged + 50)
    receipt = cluster.console.call(
        "/api/v1/keeping/erase",
        json.dumps({"product": "bench", "kind": "instance", "identity": secret}).encode(),
    )
    assert receipt["items_total"] == 50
    assert bytes_held(cluster, secret) == []
    assert load._post(host[1], json.dumps(body).encode())[0] == 200  # a late resend
    account = cluster.wait_until_loaded(load.acknowledged + 100)
    assert account["difference"] == 0
    assert account["suppressed"] + account["duplicate"] == 50


def moved(data: Path, cluster, patience: float | None = None) -> subprocess.CompletedProcess:
    """`glasshouse move`, killed after so many seconds."""
    command = [sys.executable, "-m", "glasshouse.cli.main", "move", "--json", "--data", str(data)]
    command += ["--journal", f"{cluster.nats.address}/second"]
    command += ["--store", cluster.clickhouse.address("second")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        out, err = process.communicate(timeout=patience or 300)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        out, err = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def test_an_installation_of_one_machine_moves_in_and_may_be_killed_on_its_way(cluster, tmp_path):
    data = tmp_path / "one"
    with running(data) as server:
        requests = native_requests(EVENTS, 50, server.digest, server.key, seed=3)
        send(server.address, requests, 2)
        send(server.address, requests[:2], 1)  # repeats
        server.wait_until_stored(EVENTS)
    assert moved(data, cluster, patience=2.5).returncode == -signal.SIGKILL
    done = moved(data, cluster)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["equal"]
    assert (said["rows"], said["repeat_keys"]) == (EVENTS, EVENTS)
    again = moved(data, cluster)
    assert json.loads(again.stdout) == said, again.stderr

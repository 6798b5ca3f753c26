"""Roles over real engines: items through two collectors into two shards, a move, an erasure."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from bench.load import native_requests, send
from bench.server import running
from cluster import copies, kills
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


def said_by(load, instance, items, at=0):
    """A request's body: items numbered from `at` on."""
    body = {
        "manifest": load._product.digest,
        "items": [
            {"item": "event.job_finished", "id": f"{at:016x}{n:016x}", "instance": instance,
             "at": "2026-11-01T00:00:00Z", "version": "1.0.0", "fields": {"result": "SUCCESS"}}
            for n in range(items)
        ],
    }  # fmt: skip
    return json.dumps(body).encode()


def erasure_of(instance):
    return json.dumps({"product": "bench", "kind": "instance", "identity": instance}).encode()


def test_an_erased_instance_is_gone_from_every_disk(cluster, load):
    port, secret = cluster.collectors[0].port, "erase-me-aef422e56a74530"
    body = said_by(load, secret, 50)
    assert load._post(port, body)[0] == 200
    assert bytes_held(cluster, secret)  # the search finds it: in the journal, or in the store
    cluster.wait_until_loaded(load.acknowledged + 50)
    receipt = cluster.console.call("/api/v1/keeping/erase", erasure_of(secret))
    assert receipt["items_total"] == 50
    assert bytes_held(cluster, secret) == []
    assert load._post(port, body)[0] == 200  # a late resend
    account = cluster.wait_until_loaded(load.acknowledged + 100)
    assert account["difference"] == 0
    assert account["suppressed"] + account["duplicate"] == 50


def test_an_erasure_reaches_a_copy_of_the_servers_when_that_is_put_back(cluster, load, tmp_path):
    secret, copy = "in-a-backup-1b7e0c55d2", tmp_path / "copy"
    before = cluster.account()["received"]
    assert load._post(cluster.collectors[0].port, said_by(load, secret, 20, at=1))[0] == 200
    account = cluster.wait_until_loaded(before + 20)
    copies.copy_of(cluster.clickhouse, copy)
    assert any(secret.encode() in path.read_bytes() for path in copy.rglob("*.bin"))
    cluster.console.call("/api/v1/keeping/erase", erasure_of(secret))
    assert bytes_held(cluster, secret) == []
    for role in (*cluster.loaders, *cluster.consoles):
        role.stop()
    copies.drop_all(cluster.clickhouse)
    copies.put_back(cluster.clickhouse, copy)
    assert bytes_held(cluster, secret)
    for role in (*cluster.loaders, *cluster.consoles):
        role.start()
    for role in (*cluster.loaders, *cluster.consoles):
        role.wait_until_ready()
    assert bytes_held(cluster, secret) == []
    assert cluster.account() == account  # as of the copy
    for body in (said_by(load, secret, 20, at=1), said_by(load, "later", 10, at=2)):
        assert load._post(cluster.collectors[0].port, body)[0] == 200
    again = cluster.wait_until_loaded(before + 50)
    assert (again["stored"], again["difference"]) == (account["stored"] + 10, 0)


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

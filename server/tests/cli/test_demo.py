"""The demo as a process: on this machine's loopback, in a directory of the test."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest
from bench.server import free_port

from glasshouse.cli.demo import PRODUCTS
from glasshouse.cli.server_file import running_server
from glasshouse_sdk.manifest import read_manifest


def command(data, listen, *more):
    demo = [sys.executable, "-m", "glasshouse.cli.main", "demo"]
    return [*demo, "--data", str(data), "--listen", listen, *more]


def environment():
    return {name: value for name, value in os.environ.items() if name != "DO_NOT_TRACK"}


def run(data, listen, *more):
    return subprocess.run(
        command(data, listen, *more),
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_a_wrong_address_is_one_line_that_says_what_to_do(tmp_path):
    for listen in ("8090", "127.0.0.1:", ":8090", "127.0.0.1:99999", "127.0.0.1:http", "no host:1"):
        result = run(tmp_path / "data", listen)
        assert result.returncode == 1
        (line,) = result.stderr.splitlines()
        assert "make demo LISTEN=" in line


def test_a_port_in_use_is_one_line_that_says_what_to_do(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        result = run(tmp_path / "data", f"127.0.0.1:{other.getsockname()[1]}")
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert "in use" in line
    assert "make demo LISTEN=" in line


def test_a_directory_that_cannot_be_written_is_one_line_that_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    result = run(tmp_path / "file" / "data", f"127.0.0.1:{free_port()}")
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert "make demo DATA=" in line


def test_a_directory_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    result = run(tmp_path, f"127.0.0.1:{free_port()}")
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert "filled by something else" in line
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_notes_that_cannot_be_read_are_one_line(tmp_path):
    (tmp_path / "demo.json").write_text("[")
    result = run(tmp_path, f"127.0.0.1:{free_port()}")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.slow
def test_the_demo_fills_serves_stops_on_ctrl_c_and_starts_at_once_again(tmp_path):
    data, listen = tmp_path / "data", f"127.0.0.1:{free_port()}"
    first = started(data, listen)
    said, accounting = wait_for_address(first, listen)
    stopped(first, signal.SIGINT)
    assert "filled in" in said
    assert accounting["difference"] == 0
    segment = accounting["products"]["cloudbees-ci"]["segment"]
    assert segment["duplicate"] > 0  # the fleet's lost answers
    assert segment["rejected"]["unknown_item"] > 0
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://{listen}/health/ready")
    begun = time.monotonic()
    second = started(data, listen)
    said, again = wait_for_address(second, listen)
    assert time.monotonic() - begun < 30
    third = run(data, f"127.0.0.1:{free_port()}")
    assert third.returncode == 1
    assert f"a server already runs on {data}: look at http://{listen}/" in third.stderr
    stopped(second, signal.SIGTERM)
    assert "filled before" in said
    assert again == accounting


@pytest.mark.slow
def test_an_interrupted_demo_is_carried_on_and_counts_nothing_twice(tmp_path):
    data, listen = tmp_path / "data", f"127.0.0.1:{free_port()}"
    first = started(data, listen)
    wait_for_received(listen, 3000)
    stopped(first, signal.SIGINT)
    until = json.loads((data / "demo.json").read_text())["until"]
    second = started(data, listen)
    _, accounting = wait_for_address(second, listen)
    visited = visits_of_this_machine(data)
    stopped(second, signal.SIGINT)
    messages = [m for request in fleet("cloudbees-ci", until) for m in request["batch"]]
    known = read_manifest(PRODUCTS / "cloudbees-ci" / "manifest.toml").doors["segment"].items
    declared = [m for m in messages if m["event"] in known]
    events = [e for request in fleet("piperider", until) for e in request["events"]]
    possible = [e for e in events if seconds(e["time"]) > LONG_AGO]
    visits = [i for request in fleet("piperider/cloud", until) for i in request["items"]]
    reports = [r for request in fleet("percona-server-mongodb", until) for r in request["reports"]]
    installations = [i for request in fleet("cd4pe", until) for i in request["items"]]
    pages = [i for request in fleet("cd4pe/console", until) for i in request["items"]]
    check_ins = fleet("puppet-enterprise", until)
    console = [i for request in fleet("puppet-enterprise/console", until) for i in request["items"]]
    builds = sum(1 for path in PRODUCTS.iterdir() if path.is_dir() and any(path.glob("*.py")))
    this_machine = {
        "cd4pe": 2, "cloudbees-ci": 4 + builds, "piperider": 18, "psmdb": 2,
        "puppet-enterprise": 1, **visited,
    }  # fmt: skip
    stored = {
        slug: sum(door["stored"] for door in doors.values()) - this_machine[slug]
        for slug, doors in accounting["products"].items()
    }
    assert stored == {
        "cd4pe": len({item["id"] for item in installations}),
        "cd4pe-console": len({item["id"] for item in pages}),
        "cloudbees-ci": len({message["messageId"] for message in declared}),
        "piperider": len({event["insert_id"] for event in possible}),
        "piperider-cloud": len({item["id"] for item in visits}),
        "psmdb": len({report["id"] for report in reports}),
        "puppet-enterprise": len({json.dumps(each) for each in check_ins if "host-id" in each}),
        "puppet-enterprise-console": len({item["id"] for item in console}),
    }


def visits_of_this_machine(data):
    """How many items the websites have of real visits, where there is a browser for them."""
    sql = """select product, count(*) as n from events
        where origin = 'production' and door = 'browser' group by product"""
    found = {row["product"]: row["n"] for row in running_server(data).sql(sql)["rows"]}
    names = ("cd4pe-console", "piperider-cloud", "puppet-enterprise-console")
    if shutil.which("chromium") or shutil.which("chromium-browser"):
        assert set(found) == set(names)
    return {name: found.get(name, 0) for name in names}


LONG_AGO = 1_600_000_000  # a clock that says so is not believed


def seconds(time_sent):
    """Old clients send seconds, newer ones milliseconds."""
    return time_sent if time_sent < 1e11 else time_sent / 1000


def started(data, listen):
    return subprocess.Popen(
        command(data, listen),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def stopped(demo, by):
    demo.send_signal(by)
    _, err = demo.communicate(timeout=60)
    assert (demo.returncode, err) == (0, "")


def wait_for_address(demo, listen):
    """What the demo says, and the server's accounting when everything is there."""
    said = ""
    for line in demo.stdout:
        said += line
        if "Ctrl-C" in line:
            return said, httpx.get(f"http://{listen}/health/accounting").json()
    raise AssertionError(f"the demo ended: {demo.stderr.read()}")


def wait_for_received(listen, items):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            products = httpx.get(f"http://{listen}/health/accounting").json()["products"]
        except httpx.TransportError:
            products = {}
        doors = [door for product in products.values() for door in product.values()]
        if sum(door["received"] for door in doors) > items:
            return
        time.sleep(0.1)
    raise AssertionError("the demo did not begin to fill")


def fleet(folder, until):
    command = [sys.executable, PRODUCTS / folder / "fleet.py", "--print", "--until", until]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return [json.loads(line) for line in printed.stdout.splitlines()]

"""The demo as a process: on this machine's loopback, in a directory of the test."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def command(data, listen, *more):
    demo = [sys.executable, "-m", "glasshouse.cli.main", "demo"]
    return [*demo, "--data", str(data), "--listen", listen, *more]


def environment():
    return {name: value for name, value in os.environ.items() if name != "DO_NOT_TRACK"}  # noqa: TID251


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
    data, port = tmp_path / "data", free_port()
    listen = f"127.0.0.1:{port}"
    first = started(data, listen)
    try:
        accounting = wait_for_address(first, listen)
    finally:
        first.send_signal(signal.SIGINT)
    out, err = first.communicate(timeout=60)
    assert (first.returncode, err) == (0, "")
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://{listen}/health/ready")
    begun = time.monotonic()
    second = started(data, listen)
    try:
        again = wait_for_address(second, listen)
        assert time.monotonic() - begun < 30
    finally:
        second.send_signal(signal.SIGTERM)
    out, err = second.communicate(timeout=60)
    assert (second.returncode, err) == (0, "")
    assert "filled before" in out
    assert again == accounting
    assert "stored" in json.loads((data / "demo.json").read_text())["done"]


def started(data, listen):
    return subprocess.Popen(
        command(data, listen),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_address(demo, listen):
    """The server's accounting, once the demo has said that everything is there."""
    for line in demo.stdout:
        if "Ctrl-C" in line:
            return httpx.get(f"http://{listen}/health/accounting").json()
    raise AssertionError(f"the demo ended: {demo.stderr.read()}")

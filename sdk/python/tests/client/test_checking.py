"""The way to the collector, each step told; and nothing at all while the telemetry is off."""

import json
import os
import socket
import subprocess
import sys


def steps(text):
    return {step["name"]: (step["is_well"], step["found"]) for step in json.loads(text)}


def test_an_open_way(sdk, collector):
    told = steps(sdk("check-connection", "--json"))
    assert list(told) == ["address", "proxy", "name", "connect", "answer"]
    assert told["answer"][1] == "HTTP 405, application/json"
    assert all(is_well for is_well, _ in told.values()), told
    assert collector.requests == []  # no item, no identity
    assert "ok  name" in sdk("check-connection")


def test_the_first_step_that_fails_is_told(sdk, closed_port):
    told = steps(sdk("check-connection", "--json", code=1, http_proxy=closed_port))
    assert told["proxy"][1] in closed_port
    assert told["connect"] == (False, f"{closed_port.removeprefix('http://')}: Connection refused")
    unknown = {"http_proxy": "http://no-such-host.invalid:3128"}
    assert steps(sdk("check-connection", "--json", code=1, **unknown))["name"][0] is False


def test_a_silent_server_one_without_tls_and_an_address_that_is_none(manifest_with, collector):
    def check(address, *words):
        manifest = manifest_with(("http://127.0.0.1:9", address))
        done = subprocess.run(
            [sys.executable, "-m", "glasshouse_sdk", "--manifest", manifest, "--state",
             os.path.dirname(manifest) + "/none", "check-connection", "--json", *words],
            capture_output=True, text=True, timeout=60, env={"PATH": os.environ["PATH"]},
        )  # fmt: skip
        assert done.returncode == 1, done.stderr
        return steps(done.stdout)

    assert check(collector.url.replace("http:", "https:"))["tls"][0] is False
    assert check("ftp://x")["address"][0] is False
    with socket.create_server(("127.0.0.1", 0)) as silent:
        told = check(f"http://127.0.0.1:{silent.getsockname()[1]}", "--seconds", "0.3")
        assert told["answer"] == (False, "timed out")


def test_off_means_that_nothing_is_tried(sdk):
    assert "no packet leaves" in sdk("check-connection", code=2, DO_NOT_TRACK="1")

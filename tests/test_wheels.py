"""Both wheels, built as for a release, used in clean environments away from the sources."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import httpx
import pytest

REPOSITORY = Path(__file__).parents[1]
UV = REPOSITORY / "tools" / "uv"
LICENCE = (REPOSITORY / "LICENSE").read_bytes()

# One worker runs them all: the wheels are built once.
pytestmark = pytest.mark.xdist_group("wheels")

# Of the SDK's tests those that neither need the network nor take long.
SDK_TESTS = [
    "sdk/python/tests/manifest",
    "sdk/python/tests/client/test_recording.py",
    "sdk/python/tests/client/test_footprint.py",
]


def run(*command, directory, **environment):
    """What a command prints. It sees nothing of the sources: no PYTHONPATH, another directory."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    own.pop("VIRTUAL_ENV", None)
    done = subprocess.run(
        [str(word) for word in command],
        cwd=directory,
        env={**own, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """The wheels by distribution, made from the source distributions as for a release."""
    out = tmp_path_factory.mktemp("dist")
    run(UV, "build", "--quiet", "--all-packages", "--out-dir", out, directory=REPOSITORY)
    return {path.name.split("-")[0]: path for path in out.glob("*.whl")}


def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def expected(folder):
    root = REPOSITORY / folder
    return {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize(
    ("distribution", "folder"),
    [("glasshouse", "server/src"), ("glasshouse_sdk", "sdk/python/src")],
)
def test_a_wheel_holds_the_package_and_nothing_else(wheels, distribution, folder):
    inside = names(wheels[distribution])
    assert {name for name in inside if ".dist-info/" not in name} == expected(folder)
    with zipfile.ZipFile(wheels[distribution]) as archive:
        (licence,) = (name for name in inside if name.endswith("licenses/LICENSE"))
        assert archive.read(licence) == LICENCE
        (metadata,) = (name for name in inside if name.endswith("/METADATA"))
        written = archive.read(metadata).decode()
    assert "License-Expression: Apache-2.0" in written
    assert ("Requires-Dist" in written) == (distribution == "glasshouse")


def test_the_servers_wheel_holds_what_is_not_python(wheels):
    inside = names(wheels["glasshouse"])
    for kind in (".html", ".css", ".js", ".svg", ".sql", "py.typed", "collector/country.mmdb"):
        assert any(name.endswith(kind) for name in inside), kind


@pytest.fixture(scope="module")
def sdk_alone(wheels, tmp_path_factory):
    """The Python of an environment with the SDK's wheel, pytest, and nothing else of ours."""
    place = tmp_path_factory.mktemp("sdk")
    run(UV, "venv", "--quiet", "--python", sys.executable, place / "venv", directory=place)
    python = place / "venv" / "bin" / "python"
    wheel = wheels["glasshouse_sdk"]
    run(*installing(python), wheel, *pinned("pytest", "jsonschema", "hypothesis"), directory=place)
    return python


@pytest.fixture(scope="module")
def server_alone(wheels, tmp_path_factory):
    """The `bin` of an environment with both wheels and what they require."""
    place = tmp_path_factory.mktemp("server")
    run(UV, "venv", "--quiet", "--python", sys.executable, place / "venv", directory=place)
    python = place / "venv" / "bin" / "python"
    constraints = place / "constraints.txt"
    exported = run(
        UV, "export", "--quiet", "--locked", "--no-hashes", "--no-emit-workspace",
        "--package", "glasshouse", directory=REPOSITORY,
    )  # fmt: skip
    constraints.write_text(exported)
    run(*installing(python), "--constraint", constraints, *wheels.values(), directory=place)
    return place / "venv" / "bin"


def installing(python):
    return [UV, "pip", "install", "--quiet", "--python", python]


def pinned(*distributions):
    """The versions that the lock file names, so that these tests need nothing new."""
    lock = (REPOSITORY / "uv.lock").read_text()
    found = dict(re.findall(r'^name = "([^"]+)"\nversion = "([^"]+)"', lock, re.MULTILINE))
    return [f"{name}=={found[name]}" for name in distributions]


def test_the_sdks_tests_pass_on_the_wheel(sdk_alone, tmp_path):
    listed = json.loads(
        run(UV, "pip", "list", "--format", "json", "--python", sdk_alone, directory=tmp_path)
    )
    assert "glasshouse" not in {entry["name"] for entry in listed}
    copies = tmp_path / "repository" / "sdk" / "python" / "tests"
    shutil.copytree(REPOSITORY / "sdk" / "python" / "tests", copies)
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path / "repository")
    for folder in ("protocol", "products"):  # the manifests that the tests read
        shutil.copytree(REPOSITORY / folder, tmp_path / "repository" / folder)
    where = run(
        sdk_alone, "-c", "import glasshouse_sdk; print(glasshouse_sdk.__file__)", directory=tmp_path
    )
    assert "site-packages" in where
    said = run(
        sdk_alone, "-m", "pytest", "-q", "-p", "no:cacheprovider", *SDK_TESTS,
        directory=tmp_path / "repository",
    )  # fmt: skip
    passed = re.search(r"(\d+) passed", said)
    assert passed
    assert int(passed[1]) > 50
    assert "failed" not in said


def test_a_server_from_the_wheel_takes_an_item_and_answers(server_alone, tmp_path):
    glasshouse, sdk = server_alone / "glasshouse", server_alone / "glasshouse-sdk"
    assert re.fullmatch(
        r"glasshouse \d+\.\d+\.\d+\n", run(glasshouse, "--version", directory=tmp_path)
    )
    manifest = tmp_path / "tool.toml"
    manifest.write_text(run(glasshouse, "manifest", "new", "tool", directory=tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    with (tmp_path / "said").open("wb") as said:
        server = subprocess.Popen(
            [glasshouse, "serve", "--data", "data", "--listen", address],
            cwd=tmp_path,
            stdout=said,
            stderr=said,
        )
    try:
        health(address, "ready", lambda state: state["ready"])
        added = run(glasshouse, "product", "add", manifest, "--data", "data", directory=tmp_path)
        key = added.splitlines()[-1]
        shared = [sdk, "--manifest", manifest, "--endpoint", f"http://{address}", "--key", key]
        home = {"HOME": str(tmp_path / "home"), "XDG_STATE_HOME": str(tmp_path / "state")}
        item = ["record", "command_finished", "command=run", "seconds=1.5"]
        run(*shared, *item, directory=tmp_path, **home)
        run(*shared, "send", directory=tmp_path, **home)
        health(
            address,
            "accounting",
            lambda books: books["products"].get("tool", {}).get("native", {}).get("stored") == 1,
        )
        asked = run(
            glasshouse, "ask", "active_instances", "--product", "tool", "--data", "data",
            "--format", "json", directory=tmp_path,
        )  # fmt: skip
        assert sum(row["instances"] for row in json.loads(asked)["rows"]) == 1
        page = httpx.get(f"http://{address}/products/tool", trust_env=False, timeout=60)
        assert page.status_code == 200
        for asset in re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text):
            found = httpx.get(f"http://{address}{asset}", trust_env=False)
            assert found.status_code == 200, asset
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0, (tmp_path / "said").read_text()


def test_the_country_of_an_address_is_known_from_the_wheel(server_alone, tmp_path):
    program = (
        "from glasshouse.collector.places import Places; print(Places(None).place('192.0.2.1'));"
        "print(Places(None).place('193.0.0.1'))"
    )
    unassigned, assigned = run(
        server_alone / "python", "-c", program, directory=tmp_path
    ).splitlines()
    assert unassigned == "(None, None)"
    assert assigned.startswith("('NL'")


def health(address, page, holds):
    """Wait until a health page says so."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if holds(httpx.get(f"http://{address}/health/{page}", trust_env=False).json()):
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"/health/{page} did not say so within a minute")

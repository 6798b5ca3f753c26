"""The unit and the image: linted, and what they start is started as they start it."""

import hashlib
import io
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from bench.server import free_port
from dockerfile_parse import DockerfileParser

sys.path.insert(0, str(Path(__file__).parent))

from enclosure import (
    REPOSITORY,
    STRICTLY,
    USER,
    can_enclose,
    enclosed,
    inside,
    wait_until_ready,
)

PACKAGING = REPOSITORY / "server" / "packaging"
UNIT = PACKAGING / "systemd" / "glasshouse.service"
CONTAINERFILE = PACKAGING / "container" / "Containerfile"
BIN = Path(sys.executable).parent
GUIDE = (REPOSITORY / "docs/guides/operation.md").read_text()

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)
needs_root = pytest.mark.skipif(not can_enclose(), reason="nobody may make a mount namespace here")


@pytest.fixture
def place():
    """A directory that a user who is not root can reach, with an empty one for the data."""
    made = Path(tempfile.mkdtemp(prefix="glasshouse-enclosed-"))
    made.chmod(0o755)
    (made / "data").mkdir()
    yield made
    shutil.rmtree(made)


@needs_systemd
def test_the_unit_is_sound_and_hardened(tmp_path):
    # verify wants the program to be there.
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/glasshouse/bin/glasshouse", "/bin/true"))
    checked = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", unit],
        capture_output=True,
        text=True,
        env={**os.environ, "SYSTEMD_COLORS": "0"},
    )
    assert rated.returncode == 0, rated.stdout  # 20 stands for 2.0 of 10


def unit_settings() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


@needs_root
def test_the_unit_starts_a_server_that_tells_systemd_how_it_is(place):
    settings = unit_settings()
    port = free_port()
    environment = dict(
        pair.split("=", 1) for line in settings["Environment"] for pair in line.split()
    )
    environment |= {
        "GLASSHOUSE_DATA": str(place / "data"),
        "GLASSHOUSE_LISTEN": f"127.0.0.1:{port}",
        "GLASSHOUSE_COLLECTORS": "2",
        "NOTIFY_SOCKET": str(place / "notify"),
    }
    assert settings["User"] != ["root"]
    (command,) = settings["ExecStart"]
    program = [str(BIN / Path(word).name) if "/" in word else word for word in command.split()]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(place / "notify"))
        (place / "notify").chmod(0o666)
        systemd.settimeout(60)
        strictly = [sys.executable, "-c", STRICTLY, sys.executable, *program]
        with enclosed(place / "data", place, strictly, environment) as process:
            assert systemd.recv(100) == b"READY=1"
            state = wait_until_ready(process, port)
            assert state["collectors"] == {"wanted": 2, "running": 2}
            assert systemd.recv(100) == b"WATCHDOG=1"
            process.terminate()
            said = systemd.recv(100)
            while said == b"WATCHDOG=1":
                said = systemd.recv(100)
            assert said == b"STOPPING=1"
            assert process.wait(60) == 0


def test_hadolint_finds_nothing():
    command = [BIN / "hadolint", "--failure-threshold", "info", CONTAINERFILE]
    linted = subprocess.run(command, capture_output=True, text=True)
    assert (linted.returncode, linted.stdout) == (0, "")


def image() -> DockerfileParser:
    return DockerfileParser(
        fileobj=io.BytesIO(CONTAINERFILE.read_bytes()), parent_env={}, env_replace=True
    )


def instructions(name: str) -> list[str]:
    return [each["value"] for each in image().structure if each["instruction"] == name]


@needs_root
def test_the_image_s_entry_point_runs_read_only_without_root_and_is_healthy(place):
    port = free_port()
    assert instructions("USER") == [f"{USER}:{USER}"]
    environment = {name: str(value) for name, value in image().envs.items()}
    assert environment["GLASSHOUSE_DATA"] == instructions("VOLUME")[0]
    assert environment["GLASSHOUSE_LISTEN"].endswith(instructions("EXPOSE")[0])
    environment |= {
        "PATH": f"{BIN}:/usr/bin:/bin",
        "GLASSHOUSE_DATA": str(place / "data"),
        "GLASSHOUSE_LISTEN": f"127.0.0.1:{port}",
    }
    start = [*_words(instructions("ENTRYPOINT")[0]), *_words(instructions("CMD")[0])]
    probe = _words(instructions("HEALTHCHECK")[0].partition("CMD")[2])
    with enclosed(place / "data", place, start, environment) as process:
        wait_until_ready(process, port)
        healthy = inside(process.pid, *probe, environment=environment)
        assert (healthy.returncode, healthy.stdout) == (0, "ready\n"), healthy.stderr
        listed = inside(process.pid, "glasshouse", "product", "list", environment=environment)
        assert listed.returncode == 0, listed.stderr
        written = inside(process.pid, "touch", "/written", environment=environment)
        assert "Read-only file system" in written.stderr
        process.terminate()
        assert process.wait(60) == 0


def _words(text: str) -> list[str]:
    return [word.strip('", []') for word in text.strip(" []").split(",")]


@pytest.mark.slow
def test_equal_sources_make_equal_files(tmp_path):
    """The image's own build command, twice in one place."""
    build = next(run for run in instructions("RUN") if "uv sync" in run)
    environment = {
        name: str(value)
        for each in image().structure
        if each["instruction"] == "ENV" and "UV_PROJECT" in each["value"]
        for name, value in (pair.split("=", 1) for pair in shlex.split(each["value"]))
    }
    source, target = tmp_path / "src", tmp_path / "opt"
    listed = ["git", "ls-files", "-z", "pyproject.toml", "uv.lock", "sdk/python", "server"]
    names = subprocess.run(listed, cwd=REPOSITORY, capture_output=True, check=True).stdout
    prints = []
    for _ in range(2):
        shutil.rmtree(source, ignore_errors=True)
        for name in filter(None, names.decode().split("\0")):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            if (REPOSITORY / name).exists():
                shutil.copy2(REPOSITORY / name, source / name)
                os.utime(source / name, (1, 1 + len(prints)))
        country = "server/src/glasshouse/collector/country.mmdb"
        shutil.copy(REPOSITORY / country, source / country)
        shutil.rmtree(target, ignore_errors=True)
        rest = {"UV_PROJECT_ENVIRONMENT": str(target), "UV_PYTHON": sys.executable}
        command = build.replace("uv sync", f"{REPOSITORY}/tools/uv sync")
        environment.pop("UV_NO_CACHE", None)  # what was fetched before need not be fetched again
        done = subprocess.run(
            ["bash", "-ec", command], cwd=source, env={**os.environ, **environment, **rest},
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        prints.append(_prints(target))
    assert len(prints[0]) > 1000
    assert [name for name in prints[0] if prints[0][name] != prints[1].get(name)] == []
    assert prints[0].keys() == prints[1].keys()


def _prints(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in directory.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def test_the_guide_s_files_and_commands_are_there():
    """Its docker and systemctl commands need an engine and a running systemd; the rest is here."""
    for path in re.findall(r"server/packaging/[\w./-]+", GUIDE):
        assert (REPOSITORY / path).exists(), path
    from glasshouse.cli.main import parser

    commands = re.findall(r"(?:bin/|glasshouse |^)glasshouse ([a-z]+ [^\n]*)", GUIDE, re.MULTILINE)
    assert len(commands) >= 4
    for command in commands:
        parser().parse_args(shlex.split(command))


def test_metrics_of_the_guide_are_the_server_s():
    source = (REPOSITORY / "server/src/glasshouse/cli/metrics.py").read_text()
    table = GUIDE.partition("Worth an alert")[2].partition("`--log")[0]
    named = set(re.findall(r"glasshouse_[a-z_]+", table))
    assert len(named) >= 7
    for name in named:
        assert f'"{name.removesuffix("_total")}"' in source, name

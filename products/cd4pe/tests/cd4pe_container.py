"""The container without an engine: its entry point, run under what `docker run` would give it.

What an administrator types is taken from DISCLOSURE.md, word for word; the entry point and its
variables from the Containerfile. Pages are heard on a socket in the file system, so that whatever a
network sees is something else.
"""

import io
import json
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import httpx
from dockerfile_parse import DockerfileParser

PRODUCT = Path(__file__).parents[1]
CONTAINERFILE = PRODUCT / "container" / "Containerfile"
BIN = Path(sys.executable).parent
PASSWORD = "correct horse battery"
LICENSE = "123e4567-e89b-42d3-a456-426614174000"


@dataclass(frozen=True)
class Typed:
    """A `docker run` as it was typed."""

    image: str
    volumes: dict[str, str]
    environment: dict[str, str]
    ports: list[str]

    def without(self, *names):
        left = {name: text for name, text in self.environment.items() if name not in names}
        return Typed(self.image, self.volumes, left, self.ports)


def documented(database, **values):
    """The disclosure's command for a database, its placeholders filled in."""
    steps = (PRODUCT / "DISCLOSURE.md").read_text().partition(f"For {database}:")[2]
    command = next(line for line in steps.splitlines() if "docker run" in line).strip()
    for name, value in values.items():
        command = command.replace(f"<{name}>", value)
    assert not re.search("<[A-Z_]+>", command), command
    return typed(command)


def typed(command):
    words = shlex.split(command)
    assert words[:2] == ["docker", "run"]
    *options, image = words[2:]
    given = {"-e": [], "-v": [], "-p": [], "--name": []}
    while options:
        word = options.pop(0)
        if word != "--rm":
            given[word].append(options.pop(0))
    return Typed(
        image,
        dict(pair.split(":") for pair in given["-v"]),
        dict(pair.split("=", 1) for pair in given["-e"]),
        given["-p"],
    )


def image():
    content = io.BytesIO(CONTAINERFILE.read_bytes())
    return DockerfileParser(fileobj=content, parent_env={}, env_replace=True)


def instruction(name):
    """Its value in the last stage."""
    return [each["value"] for each in image().structure if each["instruction"] == name][-1]


class Container:
    """One installation: a data volume that stays, and a process that comes and goes."""

    def __init__(self, volume, endpoint, key="WK"):
        self.volume, self.endpoint, self.key = Path(volume), endpoint, key
        self.place = Path(tempfile.mkdtemp(prefix="cd4pe-"))  # paths of sockets must be short
        self.process = None
        self.said = ""

    def start(self, environment=None, release="2.11.2", listen=None):
        """Of the image's own variables and those typed; words after the image's name go to the
        entry point, as an engine has them.
        """
        own = {name: str(text) for name, text in image().envs.items()}
        paths = {"/srv/cd4pe": str(PRODUCT), instruction("VOLUME"): str(self.volume)}
        entry = json.loads(instruction("ENTRYPOINT"))
        for theirs, ours in paths.items():
            entry = [re.sub(f"^{theirs}(?=/|$)", ours, word) for word in entry]
        self.address = listen or f"unix:{self.place}/web"
        own["PATH"] = own["PATH"].replace("/opt/cd4pe/bin", str(BIN))
        self.process = subprocess.Popen(
            [shutil.which(entry[0], path=own["PATH"]), *entry[1:], "--listen", self.address,
             "--endpoint", self.endpoint, "--key", self.key, "--release", release],
            env={**own, **(environment or {})}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, cwd=self.place,
        )  # fmt: skip
        end = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < end:
            if self._answers():
                return self
            time.sleep(0.05)
        raise AssertionError(self.stop())

    def _answers(self):
        scheme, _, place = self.address.rpartition(":")
        kind, where = (
            (socket.AF_UNIX, place) if scheme == "unix" else (socket.AF_INET, (scheme, int(place)))
        )
        with socket.socket(kind) as probe:
            return probe.connect_ex(where) == 0

    def visitor(self):
        """Somebody's browser without a tracker."""
        is_file = self.address.startswith("unix:")
        uds = self.address.removeprefix("unix:") if is_file else None
        return httpx.Client(
            transport=httpx.HTTPTransport(uds=uds), follow_redirects=True, timeout=60,
            base_url="http://cd4pe" if is_file else f"http://{self.address}",
        )  # fmt: skip

    def stop(self):
        self.process.terminate()
        self.said += self.process.communicate(timeout=60)[0]
        return self.said

    def remove(self):
        if self.process is not None and self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.place)

    @property
    def analytics(self):
        """The files that telemetry keeps in the data volume."""
        home = self.volume / "analytics"
        return sorted(str(p.relative_to(home)) for p in home.rglob("*") if p.is_file())

    @property
    def kept(self):
        return self.volume / "analytics" / "installation"

    def wait_for_reports(self, number):
        """Until so many have been taken by the collector."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            receipts = sum(
                path.read_text().count('"accepted"')
                for path in self.kept.glob("history/*.attempts")
            )
            left = list(self.kept.glob("spool/*"))
            if receipts >= number and not left:
                return
            time.sleep(0.05)
        raise AssertionError(f"{self.analytics}, and not {number} reports after 60 s")


def person(name):
    """What somebody types of themselves."""
    return {"name": name, "email": f"{name}@canary-mail.example", "company": "Canary Company",
            "password": PASSWORD}  # fmt: skip


def set_up(visitor, license_uuid=LICENSE):
    """From the first page to the last, in a session that then belongs to the account `ann`."""
    assert visitor.get("/").url.path == "/setup/root_account"
    visitor.post("/setup/root_account", data=person("canary-root"))
    visitor.post("/setup/storage", data={"storage": "disk"})
    visitor.post("/setup/license", data={"license": license_uuid})
    answer = visitor.post("/setup/user_account", data=person("canary-ann"))
    assert (answer.status_code, answer.url.path) == (200, "/")


def work(visitor):
    """Two control repos, one with a pipeline that is analysed; a module; two integrations."""
    first = visitor.post("/control-repos", data={"name": "canary-repo"}).url.path
    visitor.post("/control-repos", data={"name": "canary-other-repo"})
    visitor.post(f"{first}/pipelines", data={"name": "canary-main", "impact_analysis": "on"})
    visitor.post(f"{first}/pipelines", data={"name": "canary-side"})
    for policy in ("direct", "direct", "custom"):
        deployment = {"policy": policy, "node_group": "canary-nodes"}
        visitor.post(f"{first}/pipelines/1/deployments", data=deployment)
    job = {"name": "canary-job", "hardware": "canary-hardware"}
    visitor.post(f"{first}/pipelines/1/jobs", data=job)
    module = visitor.post("/modules", data={"name": "canary-module"}).url.path
    visitor.post(f"{module}/pipelines", data={"name": "canary-module-main"})
    for system in ("puppet_enterprise", "gitlab"):
        for text in ({"server": "canary-server.example"}, {"token": "canary-token"}, {}):
            visitor.get(f"/integrations/{system}")
            answer = visitor.post(f"/integrations/{system}", data=text)
            assert answer.status_code == 200, answer.text


def view_as_a_tracker(visitor):
    """What a tracker that somebody has kept would post; it is told nothing of the outcome."""
    item = {"id": "a" * 32, "item": "event.page_view", "ago": 0, "fields": {"route": "/"}}
    document = {"product": "cd4pe-console", "items": [item]}
    visitor.post("/glasshouse/items", json=document)


def new_license():
    return str(uuid.uuid4())


def program(name, *words, stdin=None):
    return subprocess.run(
        [sys.executable, PRODUCT / name, *words],
        input=stdin, capture_output=True, text=True, timeout=120,
    )  # fmt: skip

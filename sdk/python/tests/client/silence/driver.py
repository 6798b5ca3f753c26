"""Counts what a refusing product puts on the wire: run inside a network namespace of its own.

Every switch is turned off at every moment that there is; each time all packets on all interfaces
are counted, and all files are listed that are left. Prints JSON lines. The first lines are controls
with the telemetry on: they show that this counter counts.

Started by `namespace.reports`.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from silence.wire import Wire, report

from glasshouse_sdk.launching import launch
from glasshouse_sdk.manifest import compiled_text, parse_manifest

MANIFEST = """
[product]
slug = "silent"
name = "Silent"
vendor = "Silent"
since = "1"
send = "inline 1s"
contact = "privacy@example.com"
{more}
[purpose.use]
text = "Know."
[identity.instance]
made = "random"
lives = "until removed"
{switches}
[event.done]
purpose = "use"
fields.count = {{ type = "integer", why = "w" }}
"""
NEXT = '[event.more]\npurpose = "use"\nfields.count = { type = "integer", why = "w" }\n'

PRODUCT = """
import json, os, subprocess, sys
from glasshouse_sdk import Telemetry
facts = json.loads(sys.argv[1])
telemetry = Telemetry(facts["manifest"], key="k", endpoint=facts["endpoint"], version="1",
    state=facts["state"], properties=facts["properties"], policy=facts["policy"],
    sends_at_exit=facts["sends"])
for n in range(facts["items"]):
    telemetry.record("done", count=n)
if facts["waits"]:
    print("recorded", flush=True)
    sys.stdin.readline()
    telemetry.record("done", count=1)
if facts["child"]:
    child = json.dumps({**facts, "child": False, "properties": {}})
    subprocess.run([sys.executable, "-c", sys.argv[2], child, ""], check=True)
"""

FILES = {
    "yaml": "telemetry:\n  enabled: false\n",
    "toml": "[telemetry]\nenabled = false\n",
    "json": '{"telemetry": {"enabled": false}}',
    "hocon": "telemetry { enabled = false }",
    "ini": "[telemetry]\nenabled = false\n",
    "properties": "telemetry.enabled = false\n",
}


@dataclass
class Case:
    """One product on one machine: its files, its environment, and how often it was upgraded."""

    directory: Path
    switches: str
    environ: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    release: int = 1

    @property
    def state(self) -> Path:
        return self.directory / "state"

    @property
    def config(self) -> Path:
        return self.directory / "config"

    @property
    def policy(self) -> Path:
        return self.directory / "policy.d"

    @property
    def manifest(self) -> Path:
        path = self.directory / f"silent-{self.release}.json"
        if not path.exists():
            text = MANIFEST.format(
                more="consent_version = 2" if self.release > 1 else "", switches=self.switches
            )
            text += NEXT if self.release > 1 else ""
            path.write_text(compiled_text(parse_manifest(text)))
        return path

    def start(self, **more: object) -> subprocess.Popen[str]:
        facts = {
            "manifest": str(self.manifest), "state": str(self.state), "items": 3, "waits": False,
            "policy": str(self.policy), "properties": self.properties, "child": False,
            "endpoint": "http://telemetry.example.com:8090", "sends": True, **more,
        }  # fmt: skip
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.directory), **self.environ}
        return subprocess.Popen(
            [sys.executable, "-c", PRODUCT, json.dumps(facts), PRODUCT],
            env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, **more: object) -> None:
        process = self.start(**more)
        process.communicate(timeout=60)
        assert process.returncode == 0

    def command(self, word: str, code: int = 0) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "glasshouse_sdk", "--manifest", self.manifest, "--state",
             self.state, word],
            stdout=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip
        assert done.returncode == code

    def send(self) -> None:
        """What a sender does that was already on its way to start."""
        environ = {"HOME": str(self.directory), **self.environ}
        process = launch(str(self.state), tuple(environ), environ, lifetime=2, asked=True)
        assert process is not None
        os.waitpid(process, 0)


@dataclass(frozen=True)
class Switch:
    """`turn_off` is what a person does; `flips`: it can be done while a product runs."""

    name: str
    manifest: str
    turn_off: Callable[[Case], object]
    flips: bool = True


def table(**keys: str) -> str:
    lines = "".join(f'{name} = "{value}"\n' for name, value in keys.items())
    return f"[[switch]]\n{lines}"


ENVIRONMENT = table(kind="environment", name="SILENT", off="0, false or no")
OLD = ENVIRONMENT + 'formerly = ["SILENT_STATS"]\n'
MARKER = table(kind="marker-file", name="marker", file="$HOME/config", off="there")
PROPERTY = table(kind="property", name="silent", off="1")
STICKY = ENVIRONMENT + "sticky = true\n"


def key_in(form: str) -> str:
    return table(
        kind="file-key", name="telemetry.enabled", file="$HOME/config", format=form, off="false"
    )


def policy(case: Case) -> None:
    case.policy.mkdir(exist_ok=True)
    (case.policy / "all.conf").write_text("* = off\n")


def unreadable(case: Case) -> None:
    case.config.write_bytes(b"\xff\xfe{")


SWITCHES = (
    Switch("environment", ENVIRONMENT, lambda c: c.environ.update(SILENT="0"), flips=False),
    Switch("its old name", OLD, lambda c: c.environ.update(SILENT_STATS="0"), flips=False),
    Switch("sticky", STICKY, lambda c: c.environ.update(SILENT="no"), flips=False),
    Switch("DO_NOT_TRACK", ENVIRONMENT, lambda c: c.environ.update(DO_NOT_TRACK="1"), flips=False),
    Switch(
        "inherited", ENVIRONMENT, lambda c: c.environ.update(GLASSHOUSE_REFUSED="silent"),
        flips=False,
    ),
    *(
        Switch(f"key in {form}", key_in(form), lambda c, t=text: c.config.write_text(t))
        for form, text in FILES.items()
    ),
    Switch("unreadable file", key_in("json"), unreadable),
    Switch("marker file", MARKER, lambda c: c.config.write_text("")),
    Switch("property", PROPERTY, lambda c: c.properties.update(silent="1"), flips=False),
    Switch("policy", ENVIRONMENT, policy),
    Switch("command", ENVIRONMENT, lambda c: c.command("off")),
)  # fmt: skip


def before_first_start(case: Case, turn_off: Callable[[], None]) -> None:
    turn_off()
    case.run()


def running(case: Case, turn_off: Callable[[], None]) -> None:
    process = case.start(waits=True)
    assert process.stdout is not None
    process.stdout.readline()
    turn_off()
    process.communicate("go on\n", timeout=60)
    assert process.returncode == 0


def full_spool(case: Case, turn_off: Callable[[], None]) -> None:
    case.run(items=3000, sends=False)
    turn_off()
    case.run()


def in_mid_retry(case: Case, turn_off: Callable[[], None]) -> None:
    try_to_send(case)
    turn_off()
    if case.properties:
        case.run()  # only the product knows its properties
    elif case.state.exists():
        case.send()


def try_to_send(case: Case) -> None:
    """To a closed port: the request is frozen and waits. A busy machine takes more than a second
    to come so far, and that is the product's deadline, so it may have to run again.
    """
    for _ in range(10):
        case.run(endpoint="http://127.0.0.1:9")
        if any(case.state.glob("history/*.attempts")):
            return
    raise AssertionError(f"nothing was tried: {list(case.state.rglob('*'))}")


def in_a_child(case: Case, turn_off: Callable[[], None]) -> None:
    case.run(sends=False)
    turn_off()
    case.run(child=True)


def after_an_upgrade(case: Case, turn_off: Callable[[], None]) -> None:
    case.run(sends=False)
    turn_off()
    case.run()
    case.release = 2
    case.run()


MOMENTS = (before_first_start, running, full_spool, in_mid_retry, in_a_child, after_an_upgrade)


def main(directory: Path) -> None:
    wire = Wire()
    for name, endpoint in (("a port", "http://127.0.0.1:9"), ("a name", None)):
        case = Case(directory / f"control {name}", ENVIRONMENT)
        case.directory.mkdir()
        wire.count()
        case.run(**({"endpoint": endpoint} if endpoint else {}))
        report(control=name, packets=wire.count())
    count_forgetting(directory, wire)
    number = 0
    for switch in SWITCHES:
        for moment in MOMENTS:
            if moment is running and not switch.flips:
                continue  # what a process was started with does not change while it runs
            number += 1
            case = Case(directory / str(number), switch.manifest)
            case.directory.mkdir()

            def turn_off(case: Case = case, switch: Switch = switch) -> None:
                switch.turn_off(case)
                wire.count()  # from here on, none is allowed

            moment(case, turn_off)
            report(
                switch=switch.name,
                moment=moment.__name__.replace("_", " "),
                packets=wire.count(),
                files=sorted(p.name for p in case.state.rglob("*")) if case.state.exists() else [],
            )


def count_forgetting(directory: Path, wire: Wire) -> None:
    """Who is to be forgotten is refused too: the request may leave, and nothing else."""
    case = Case(directory / "nothing left", ENVIRONMENT)
    case.directory.mkdir()
    case.run(sends=False)
    wire.count()
    case.command("forget")
    report(forget="where nothing ever left", packets=wire.count())

    case = Case(directory / "left", ENVIRONMENT)
    case.directory.mkdir()
    try_to_send(case)  # so it may have arrived
    wire.count()
    case.command("forget", code=1)
    report(forget="the command", packets=wire.count())
    case.run()
    report(forget="the next run, too soon", packets=wire.count())
    kept = case.state / "forget.json"
    told = json.loads(kept.read_text())
    told["requests"][0]["delivery"]["not_before"] = 0.0
    kept.write_text(json.dumps(told))
    for refusal in ("DO_NOT_TRACK", "GLASSHOUSE_REFUSED"):
        case.environ = {refusal: "silent"}
        case.run()
        report(forget=f"the next run under {refusal}", packets=wire.count())
    policy(case)
    case.environ = {}
    case.run()
    report(forget="the next run under a policy", packets=wire.count())
    (case.policy / "all.conf").unlink()
    case.run()
    give_up = time.monotonic() + 30
    while not told_after(kept) and time.monotonic() < give_up:  # it is posted in the background
        time.sleep(0.05)
    report(forget="a later run", packets=wire.count(), files=sorted(os.listdir(case.state)))


def told_after(kept: Path) -> bool:
    """Whether there was a second attempt to post the request."""
    return len(json.loads(kept.read_text())["requests"][0]["attempts"]) > 1


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Counts what PipeRider puts on the wire: run inside a network namespace of its own.

Each way to opt out of DISCLOSURE.md, done as it says there. Prints JSON lines; the first is a
control with the telemetry on.

Started by `silence.namespace.reports`.
"""

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from silence.wire import Wire, report

REPOSITORY = Path(__file__).parents[3]
PROGRAM = REPOSITORY / "products" / "piperider" / "piperider_cli"
COMMANDS = (
    ("init", "--source", "shop.sqlite"), ("generate-assertions",), ("run",), ("run",),
    ("generate-report",), ("compare",),
)  # fmt: skip
SENDER_STARTS = 1.5  # seconds in which a detached sender would have been heard


class Machine:
    """A home with two projects."""

    def __init__(self, directory: Path) -> None:
        self.home = directory
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(directory)}
        self.projects = (directory / "one", directory / "two")
        for project in self.projects:
            project.mkdir(parents=True)
            connection = sqlite3.connect(project / "shop.sqlite")
            connection.execute("create table orders (id integer, amount real)")
            connection.execute("insert into orders values (1, 2.5)")
            connection.commit()
            connection.close()

    @property
    def profile(self) -> Path:
        return self.home / ".piperider" / "profile.yml"

    def config(self, number: int) -> Path:
        return self.projects[number] / ".piperider" / "config.yml"

    def use(self, number: int = 0) -> None:
        """Every command in a project, to a port where nobody listens."""
        for words in COMMANDS:
            done = subprocess.run(
                [sys.executable, PROGRAM, "--directory", self.projects[number],
                 "--endpoint", "http://127.0.0.1:9", *words],
                env=self.environ, stdout=subprocess.DEVNULL, timeout=60,
            )  # fmt: skip
            assert done.returncode == 0, words

    def files(self) -> list[str]:
        state = self.home / ".piperider"
        return sorted(str(p.relative_to(state)) for p in state.rglob("*") if p.is_file())


def write_profile(machine: Machine, text: str) -> None:
    machine.profile.parent.mkdir(exist_ok=True)
    machine.profile.write_text(text)


def refused_before(text: str):
    def turn_off(machine: Machine) -> None:
        write_profile(machine, text)

    return turn_off


def refused_later(machine: Machine) -> None:
    machine.use()
    machine.use(1)
    settle()
    text = machine.profile.read_text()
    assert "anonymous_tracking: true" in text
    machine.profile.write_text(text.replace("true", "false"))


def without_id(text: str):
    def turn_off(machine: Machine) -> None:
        machine.use()
        settle()
        lines = machine.config(0).read_text().splitlines()
        kept = "\n".join(lines[: lines.index("telemetry:")])
        machine.config(0).write_text(kept + text)

    return turn_off


def do_not_track(machine: Machine) -> None:
    machine.environ["DO_NOT_TRACK"] = "1"


CASES = {
    "anonymous_tracking: false": refused_before("user_id: a\nanonymous_tracking: false\n"),
    "false, later": refused_later,
    "no word for yes": refused_before("user_id: a\nanonymous_tracking: perhaps\n"),
    "the key is missing": refused_before("user_id: a\n"),
    "the file is empty": refused_before(""),
    "not to be understood": refused_before("{user_id: [\n"),
    "id removed": without_id("\ntelemetry:\n"),
    "telemetry removed": without_id("\n"),
    "id: null": without_id("\ntelemetry:\n  id: null\n"),
    "DO_NOT_TRACK": do_not_track,
}


def main(directory: Path) -> None:
    wire = Wire()
    control = Machine(directory / "control")
    wire.count()
    control.use()
    report(control="on", packets=wire.wait(), files=control.files())
    for name, turn_off in CASES.items():
        machine = Machine(directory / name.replace(" ", "-"))
        turn_off(machine)
        settle()
        wire.count()
        machine.use()
        settle()
        packets = wire.count()
        config = machine.config(0).read_text()
        report(case=name, packets=packets, files=machine.files(), config=config)
    other = Machine(directory / "other")
    other.use()
    settle()
    without_id("\n")(other)
    settle()
    wire.count()
    (other.home / ".piperider" / "telemetry" / "delivery.json").unlink(missing_ok=True)
    other.use(1)
    report(control="the other project", packets=wire.wait(), files=other.files())


def settle() -> None:
    time.sleep(SENDER_STARTS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Counts what Percona Server for MongoDB puts on the wire: run inside a network namespace.

Each way to opt out of the two disclosures, done on a copied machine as an administrator does it;
then an upgrade, a container's or database's restart, and a round of the agent, all without it.

Started by `silence.namespace.reports`.
"""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from copied_machine import Machine, copied_machine
from percona_packages import (
    DEB,
    DROP,
    FIRST,
    PRODUCTS,
    RPM,
    SECOND,
    build,
    leave_metrics,
    run_agent,
)
from silence.wire import Wire, report

CLOSED = "http://127.0.0.1:9"
OFF = {"PERCONA_TELEMETRY_DISABLE": "1"}
ENTRY = "/usr/lib/percona-server-mongodb/entry-point"
DATABASE = (
    "mkdir -p /data/db; timeout -s TERM 3 mongod --dbpath /data/db "
    "--setParameter perconaTelemetryGracePeriod=1"
)


@dataclass(frozen=True)
class Way:
    """`install` refuses while it installs; `later` is in force for what follows too."""

    install: Callable[[Machine], object]
    upgrade: Callable[[Machine], object] = lambda machine: machine.run("dpkg", "-i", deb(SECOND))
    later: dict[str, str] = field(default_factory=dict)


def deb(version: str) -> str:
    return DEB.format(version)


def by_apt(machine: Machine) -> None:
    machine.run("env", "PERCONA_TELEMETRY_DISABLE=1", "apt-get", "install", "-y", deb(FIRST))


def with_value(value: str) -> Callable[[Machine], object]:
    return lambda machine: machine.run("dpkg", "-i", deb(FIRST), PERCONA_TELEMETRY_DISABLE=value)


def for_root(machine: Machine) -> None:
    machine.sh("echo 'export PERCONA_TELEMETRY_DISABLE=1' >> /root/.profile")
    machine.run("sh", "-l", "-c", f"dpkg -i {deb(FIRST)}", HOME="/root")
    machine.sh("sed -i /PERCONA/d /root/.profile")


def in_the_system(machine: Machine) -> None:
    machine.sh("echo PERCONA_TELEMETRY_DISABLE=1 >> /etc/environment")
    machine.run("dpkg", "-i", deb(FIRST))


def by_rpm(machine: Machine) -> None:
    machine.run("rpm", "-i", "--nodeps", RPM.format(FIRST), **OFF)


def rpm_again(machine: Machine) -> None:
    machine.run("rpm", "-U", "--nodeps", RPM.format(SECOND))


def in_an_image(machine: Machine) -> None:
    image = {"FULL_PERCONA_VERSION": FIRST}
    machine.run("dpkg", "-i", deb(FIRST), **image)  # while it is built
    machine.run(ENTRY, "true", **image, **OFF)


def restarted(machine: Machine) -> None:
    """`docker start`: the same environment again, as the container was made with it."""
    machine.run(ENTRY, "true", FULL_PERCONA_VERSION=FIRST, **OFF)


def do_not_track(machine: Machine) -> None:
    machine.run("dpkg", "-i", deb(FIRST), DO_NOT_TRACK="1")


WAYS = {
    "apt": Way(by_apt),
    "a word": Way(with_value("yes")),
    "root": Way(for_root),
    "/etc/environment": Way(in_the_system),
    "rpm": Way(by_rpm, rpm_again),
    "container": Way(in_an_image, restarted),
    "DO_NOT_TRACK": Way(
        do_not_track,
        lambda machine: machine.run("dpkg", "-i", deb(SECOND), DO_NOT_TRACK="1"),
        {"DO_NOT_TRACK": "1"},
    ),
}


def main(directory: Path) -> None:
    wire = Wire()
    dist = build(directory / "dist", CLOSED)
    wire.count()
    with copied_machine(made(directory / "control"), dist) as machine:
        machine.run("dpkg", "-i", deb(FIRST))
        report(control="the installation", packets=wire.count())
        machine.sh(f"mkdir -p {DROP}")
        machine.sh(DATABASE, code=124)
        report(control="a metric file", packets=wire.count(), files=files(machine, DROP))
        run_agent(machine)
        report(control="the agent", packets=wire.count())
        machine.sh("printf 'setParameter:\\n  perconaTelemetry: false\\n' > /etc/mongod.conf")
        after(machine, wire, "mongod.conf", {})
    for number, (name, way) in enumerate(WAYS.items()):
        if way.install is by_rpm and shutil.which("rpmbuild") is None:
            continue
        with copied_machine(made(directory / str(number)), dist) as machine:
            wire.count()
            way.install(machine)
            way.upgrade(machine)
            after(machine, wire, name, way.later)


def after(machine: Machine, wire: Wire, name: str, environ: dict[str, str]) -> None:
    """What a refusal at the installation is to hold for: the database, and the agent."""
    machine.sh(f"mkdir -p {DROP}; rm -f {DROP}/*")
    machine.sh("rm -rf /data/db")
    machine.sh(DATABASE, code=124, **environ)
    written = files(machine, DROP)
    leave_metrics(machine)
    run_agent(machine, **environ)
    report(
        case=name, packets=wire.count(), written=written, waiting=files(machine, DROP),
        kept=files(machine, PRODUCTS), uuid=files(machine, "/usr/local/percona"),
    )  # fmt: skip


def files(machine: Machine, directory: str) -> list[str]:
    return machine.sh(f"find {directory} -type f 2>/dev/null | sort || true").split()


def made(directory: Path) -> Path:
    directory.mkdir()
    return directory


if __name__ == "__main__":
    main(Path(sys.argv[1]))

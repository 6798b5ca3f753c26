"""An installation of Puppet Enterprise: its nodes, their services, and where their files are.

A node is a directory that holds its files as the machine has them from `/` on, so that a whole
split installation fits below one. `nodes/` holds them, `deployment.json` says what they are.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SERVER, CONSOLE, PUPPETDB = "pe-puppetserver", "pe-console-services", "pe-puppetdb"
SERVICES = (SERVER, CONSOLE, PUPPETDB)
DESCRIPTION = "deployment.json"
SETTINGS = {SERVER: "puppetserver", CONSOLE: "console-services"}


class DeploymentError(Exception):
    """What was asked for cannot be done with this installation; the text says why."""


@dataclass(frozen=True, slots=True)
class Node:
    """One machine; `root` stands for its `/`."""

    certname: str
    root: Path
    services: tuple[str, ...]

    @property
    def pe_conf(self) -> Path:
        return self.root / "etc/puppetlabs/enterprise/conf.d/pe.conf"

    @property
    def license(self) -> Path:
        return self.root / "etc/puppetlabs/license.key"

    @property
    def ca_certificate(self) -> Path:
        return self.root / "etc/puppetlabs/puppet/ssl/certs/ca.pem"

    @property
    def site_key(self) -> Path:
        """The key of the site's identity; a run of Puppet brings it to the other masters."""
        return self.root / "opt/puppetlabs/server/data/analytics/site.key"

    @property
    def classifier(self) -> Path:
        return self.root / "opt/puppetlabs/server/data/console-services/classifier.json"

    def state(self, service: str) -> Path:
        """The telemetry's own directory of a service."""
        return self.root / f"opt/puppetlabs/server/data/analytics/{service}"

    def settings(self, service: str) -> Path:
        """What Puppet has written for a service: read when it starts and when it is reloaded."""
        return self.root / f"etc/puppetlabs/{SETTINGS[service]}/conf.d/analytics.conf"

    def pid(self, service: str) -> Path:
        return self.root / f"var/run/puppetlabs/{service}.pid"


@dataclass(frozen=True, slots=True)
class Deployment:
    directory: Path
    version: str
    nodes: Mapping[str, Node]

    @property
    def masters(self) -> tuple[Node, ...]:
        """The primary master first."""
        return tuple(node for node in self.nodes.values() if SERVER in node.services)

    @property
    def console(self) -> Node:
        return next(node for node in self.nodes.values() if CONSOLE in node.services)

    def node(self, certname: str) -> Node:
        """Raises DeploymentError."""
        if certname not in self.nodes:
            known = ", ".join(self.nodes)
            raise DeploymentError(f"found the node '{certname}'; expected one of {known}")
        return self.nodes[certname]

    def master(self, certname: str | None) -> Node:
        """The primary master, unless another is named. Raises DeploymentError."""
        node = self.masters[0] if certname is None else self.node(certname)
        if node not in self.masters:
            known = ", ".join(master.certname for master in self.masters)
            raise DeploymentError(
                f"found '{certname}', which is no master; expected one of {known}"
            )
        return node

    def with_node(self, certname: str, services: tuple[str, ...]) -> "Deployment":
        node = Node(certname, self.directory / "nodes" / certname, services)
        return Deployment(self.directory, self.version, {**self.nodes, certname: node})


def read_deployment(directory: Path) -> Deployment:
    """Raises DeploymentError."""
    path = directory / DESCRIPTION
    try:
        facts: dict[str, Any] = json.loads(path.read_bytes())
        deployment = Deployment(directory, str(facts["version"]), {})
        for certname, services in facts["nodes"].items():
            deployment = deployment.with_node(certname, tuple(services))
    except FileNotFoundError:
        raise DeploymentError(f"found no {path}; install first: pe.py install") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DeploymentError(f"cannot read {path}; install anew: pe.py install") from None
    return deployment


def write_deployment(deployment: Deployment) -> None:
    nodes = {node.certname: node.services for node in deployment.nodes.values()}
    text = json.dumps({"version": deployment.version, "nodes": nodes}, indent=1)
    place(deployment.directory / DESCRIPTION, text + "\n")


def place(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a whole file or none, with the directories that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    temporary.touch(mode)
    temporary.write_text(text)
    temporary.replace(path)

"""A run of Puppet on a node of the installation: what the services read becomes what was set.

Version 2016.5.1 leaves the services as they run, so that they have to be reloaded by hand; from
2016.5.2 on a service whose settings have changed is reloaded by the run.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from puppet_enterprise.classifier import INFRASTRUCTURE, Classifier
from puppet_enterprise.deployment import SERVER, SETTINGS, Deployment, DeploymentError, Node, place
from puppet_enterprise.parameters import PARAMETERS, values_for
from puppet_enterprise.running import reload

RELOADS_SINCE = (2016, 5, 2)


@dataclass(frozen=True, slots=True)
class Applied:
    """The services whose settings were changed, and those of them that were reloaded."""

    changed: tuple[str, ...]
    reloaded: tuple[str, ...]

    def __str__(self) -> str:
        if not self.changed:
            return "no changes"
        reloaded = ", ".join(self.reloaded) or "nothing"
        return f"changed the settings of {', '.join(self.changed)}; reloaded {reloaded}"


def run_puppet(deployment: Deployment, node: Node) -> Applied:
    """Bring a node to what console and pe.conf say. Raises DeploymentError."""
    classes = Classifier(deployment.console.classifier).group(INFRASTRUCTURE).classes
    text = json.dumps(values_for(node, classes)) + "\n"
    _bring_site_key(deployment.masters[0], node)
    changed = []
    for service in node.services:
        if service not in SETTINGS:
            continue
        path = node.settings(service)
        if not path.exists() or path.read_text() != text:
            place(path, text)
            changed.append(service)
    reloads = number_of(deployment.version) >= RELOADS_SINCE
    return Applied(tuple(changed), tuple(s for s in changed if reloads and reload(node, s)))


def read_settings(node: Node, service: str) -> Mapping[str, bool]:
    """The parameters as the last run has written them; none before the first, and all of them off
    if they cannot be understood.
    """
    try:
        told = json.loads(node.settings(service).read_bytes())
        return {each.name: told.get(each.name, True) is True for each in PARAMETERS}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError):
        return {each.name: False for each in PARAMETERS}


def number_of(version: str) -> tuple[int, ...]:
    """Raises DeploymentError."""
    try:
        return tuple(int(part) for part in version.split("."))
    except ValueError:
        expected = "found the version '{}'; expected one as 2016.5.2"
        raise DeploymentError(expected.format(version)) from None


def _bring_site_key(primary: Node, node: Node) -> None:
    """The masters of a site make the same identity of it, so they need the primary master's key."""
    if SERVER in node.services and node != primary and primary.site_key.exists():
        place(node.site_key, primary.site_key.read_text(), 0o600)

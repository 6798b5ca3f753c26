"""What a master tells of its site: the fields of `snapshot.check_in`, but for its address.

What cannot be found out is left out: a PuppetDB that does not answer, a license that is not there.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from puppet_enterprise.deployment import Node
from puppet_enterprise.puppetdb import PuppetDb, PuppetDbError

PRODUCT = "Puppet Enterprise"
UUID = re.compile(r"^uuid:\s*\"?([0-9A-Fa-f-]{32,36})\"?\s*$", re.MULTILINE)
NODES = re.compile(r"^nodes:\s*\"?([0-9]{1,9})\"?\s*$", re.MULTILINE)
OTHER = "other"
# os-release's names, and Facter's.
SYSTEMS = {
    "rhel": "RedHat", "centos": "CentOS", "ol": "OracleLinux", "scientific": "Scientific",
    "sles": "SLES", "ubuntu": "Ubuntu", "debian": "Debian",
}  # fmt: skip


def license_uuid(node: Node) -> str | None:
    """Of the license's lines only the UUID and the number of nodes are looked at."""
    found = UUID.search(_text(node.license))
    return found[1] if found else None


def check_in(
    node: Node, version: str, puppetdb: PuppetDb | None, os_release: Path, known: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """The fields, and what could not be found out. `known`: what the manifest declares of them."""
    licensed = NODES.search(_text(node.license))
    fields: dict[str, Any] = {
        "product_name": PRODUCT,
        "pe_version": version,
        "master_os": _master_os(os_release),
    }
    if licensed:
        fields["licensed_nodes"] = int(licensed[1])
    if puppetdb is None:
        return fields, []
    asked: dict[str, Callable[[], Any]] = {
        "nodes": puppetdb.nodes,
        "agent_os": lambda: _named(puppetdb.agent_os(), known["agent_os"]["values"]),
        "agent_versions": puppetdb.agent_versions,
    }
    problems = []
    for name, ask in asked.items():
        try:
            fields[name] = ask()
        except PuppetDbError as error:
            problems.append(f"{name} is left out: {error}")
    return fields, problems


def _named(counts: Mapping[str, int], declared: list[str]) -> dict[str, int]:
    """Systems that are not declared count together, as `other`."""
    named: dict[str, int] = {}
    for system, number in counts.items():
        name = system if system in declared else OTHER
        named[name] = named.get(name, 0) + number
    return named


def _master_os(os_release: Path) -> str:
    found = re.search(r"^ID=\"?([\w.-]+)\"?\s*$", _text(os_release), re.MULTILINE)
    return SYSTEMS.get(found[1], OTHER) if found else OTHER


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""

"""The class parameters that turn something off, and what decides their values.

| where                                   | who sets it                                |
|-----------------------------------------|--------------------------------------------|
| `CLASS::PARAMETER` in pe.conf           | whoever edits it at a text-mode installation |
| the parameter of the class in the console | an administrator, at any time later        |
| the default                             | true                                       |

A value that is not clearly on is off, and so is one in a file that nobody can understand.
"""

from collections.abc import Mapping
from typing import NamedTuple

from glasshouse_sdk.keyfiles import NotUnderstoodError, find_key
from glasshouse_sdk.off import parse_off
from puppet_enterprise.deployment import Node


class Parameter(NamedTuple):
    puppet_class: str
    name: str
    channel: str  # of the manifest

    @property
    def key(self) -> str:
        """As pe.conf names it."""
        return f"{self.puppet_class}::{self.name}"

    @property
    def switch(self) -> str:
        """As the manifest names it."""
        return f"{self.puppet_class}, {self.name}"


PARAMETERS = (
    Parameter("puppet_enterprise", "send_analytics_data", "telemetry"),
    Parameter("puppet_enterprise::profile::master", "check_for_updates", "update-check"),
)
Classes = Mapping[str, Mapping[str, str]]
"""Parameters by class, as a node group of the console has them; values as they were typed."""


def is_on(value: str) -> bool:
    off = parse_off("false")
    return off is not None and not off.is_off(value)


def values_for(node: Node, classes: Classes) -> dict[str, bool]:
    """What the parameters are on this node, by their names."""
    return {each.name: _value(each, node, classes) for each in PARAMETERS}


def _value(parameter: Parameter, node: Node, classes: Classes) -> bool:
    given = classes.get(parameter.puppet_class, {}).get(parameter.name)
    values = [] if given is None else [given]
    try:
        found = find_key(str(node.pe_conf), "hocon", parameter.key)
        values += [] if values else [each.value for each in found]
    except FileNotFoundError:
        pass
    except (OSError, NotUnderstoodError):
        return False
    return all(is_on(value) for value in values)

"""The console's node groups: rules, classes with parameters, variables. Kept in one JSON file."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from puppet_enterprise.deployment import DeploymentError, place

INFRASTRUCTURE = "PE Infrastructure"
CLASSES = ("puppet_enterprise", "puppet_enterprise::profile::master")


@dataclass(slots=True)
class Group:
    """`classes` has the values of parameters as they were typed."""

    rules: list[str] = field(default_factory=list)
    classes: dict[str, dict[str, str]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)


class Classifier:
    """The groups by name. `PE Infrastructure` is always there, with the classes of PE itself."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def groups(self) -> dict[str, Group]:
        """Raises DeploymentError."""
        own = {INFRASTRUCTURE: Group(classes={name: {} for name in CLASSES})}
        try:
            told = json.loads(self._path.read_bytes())
            return own | {name: Group(**facts) for name, facts in told.items()}
        except FileNotFoundError:
            return own
        except (ValueError, TypeError, AttributeError):
            raise DeploymentError(
                f"cannot read the node groups in {self._path}; remove it to begin anew"
            ) from None

    def group(self, name: str) -> Group:
        """Raises DeploymentError."""
        groups = self.groups()
        if name not in groups:
            raise DeploymentError(f"found the group '{name}'; expected one of {', '.join(groups)}")
        return groups[name]

    def add(self, name: str) -> None:
        """An empty group; one that is there stays as it is."""
        self._write({name: Group(), **self.groups()})

    def keep(self, name: str, group: Group) -> None:
        self._write({**self.groups(), name: group})

    def set_parameter(self, name: str, puppet_class: str, parameter: str, value: str) -> None:
        group = self.group(name)
        group.classes.setdefault(puppet_class, {})[parameter] = value
        self.keep(name, group)

    def _write(self, groups: dict[str, Group]) -> None:
        text = json.dumps({name: asdict(group) for name, group in groups.items()}, indent=1)
        place(self._path, text + "\n")

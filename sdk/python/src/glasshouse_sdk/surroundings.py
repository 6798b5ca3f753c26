"""What a decision on consent looks at, beside the manifest and the product's own state.

The product says what it knows (the project it works on, the properties it was started with); the
sender, which decides again before every request, is handed the same.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

POLICY = "/etc/glasshouse/policy.d"


def policy_directory(environ: Mapping[str, str], platform: str) -> str:
    """Where an organization's administrators say what holds for every user of this machine."""
    if platform == "win32":
        return os.path.join(environ.get("PROGRAMDATA", r"C:\ProgramData"), "glasshouse", "policy.d")
    return POLICY


class Surroundings:
    """The environment, the directories of project, policies and installation, and properties."""

    __slots__ = ("environ", "installation", "policy", "project", "properties")

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        project: str | None = None,
        properties: Mapping[str, str] | None = None,
        policy: str | None = None,
        installation: str | None = None,
    ) -> None:
        self.environ = environ
        self.installation = None if installation is None else os.path.abspath(installation)
        self.project = None if project is None else os.path.abspath(project)
        self.properties = dict(properties or {})
        self.policy = policy_directory(environ, sys.platform) if policy is None else policy

    def in_project(self, project: str | None) -> Surroundings:
        """The same, seen from another project, or from none."""
        return Surroundings(
            self.environ,
            project=project,
            properties=self.properties,
            policy=self.policy,
            installation=self.installation,
        )

    def for_sender(self) -> dict[str, Any]:
        """What is written down for the sender; the environment it has by itself."""
        known = {"properties": self.properties, "policy": self.policy}
        return known if self.installation is None else {**known, "installation": self.installation}

    def place(self, file: str) -> str | None:
        """The path that a manifest's `file` means here: `~` and `$NAME` are filled in, and what is
        then relative is in the project. None if something of that is missing.
        """
        if file.startswith("~"):
            home = self.environ.get("HOME") or self.environ.get("USERPROFILE")
            if not home or file[1:2] not in ("", "/", "\\"):
                return None
            file = home + file[1:]
        parts = []
        for number, part in enumerate(file.split("$")):
            if number == 0:
                parts.append(part)
                continue
            name, rest = _variable(part)
            if not self.environ.get(name):
                return None
            parts.append(self.environ[name] + rest)
        path = "".join(parts)
        if os.path.isabs(path):
            return path
        return None if self.project is None else os.path.join(self.project, path)


def is_in_project(file: str) -> bool:
    """Whether a manifest's `file` belongs to a project, so that it speaks for that one alone."""
    return not os.path.isabs(file) and file[:1] not in ("~", "$")


def variables(switches: list[Mapping[str, Any]]) -> tuple[str, ...]:
    """The variables that a manifest's switches are asked by: their own, and those in paths."""
    names: list[str] = []
    for switch in switches:
        if switch["kind"] == "environment":
            names += (switch["name"], *switch["formerly"])
        names += (_variable(part)[0] for part in (switch["file"] or "").split("$")[1:])
    return tuple(names)


def _variable(text: str) -> tuple[str, str]:
    """The name at the start of a text, `NAME` or `{NAME}`, and what follows it."""
    if text.startswith("{"):
        name, _, rest = text[1:].partition("}")
        return name, rest
    end = 0
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    return text[:end], text[end:]

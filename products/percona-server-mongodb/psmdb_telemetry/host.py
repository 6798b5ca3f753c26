"""What is reported of a host: how the server was installed, on what system, on what hardware."""

import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

UNKNOWN = "unknown"
IMAGE_VERSION = "FULL_PERCONA_VERSION"  # set by the container images alone, such as 8.0.4-2.el9
IMAGE_SYSTEM = "OS_VER"

# Where a system says its name, in the order in which they are asked.
RELEASE_FILES = ("etc/system-release", "etc/redhat-release", "etc/issue")
ISSUE_ESCAPES = re.compile(r"\\[A-Za-z](\{[^}]*\})?")  # `\n \l` and the like, which getty fills in


def deployment(environment: Mapping[str, str], *, from_package: bool) -> str | None:
    """`DOCKER` or `PACKAGE`; None for a tarball or a build from source."""
    if environment.get(IMAGE_VERSION):
        return "DOCKER"
    return "PACKAGE" if from_package else None


def image_version(environment: Mapping[str, str]) -> str:
    """The server's version in a container image, without the `.el9` of its package."""
    return re.sub(r"\.el\d+$", "", environment.get(IMAGE_VERSION, ""))


def operating_system(root: Path, environment: Mapping[str, str]) -> str:
    """What the system calls itself; `root` is `/` but for tests."""
    if environment.get(IMAGE_VERSION) and environment.get(IMAGE_SYSTEM):
        return environment[IMAGE_SYSTEM]
    names = (_pretty_name(root), *(_first_line(root / file) for file in RELEASE_FILES))
    return next(filter(None, names), UNKNOWN)


def hardware() -> str:
    """Machine and processor, two words, as `uname -mp` prints them."""
    try:
        result = subprocess.run(
            ["uname", "-mp"], capture_output=True, check=True, text=True, timeout=2
        )
    except (OSError, subprocess.SubprocessError):
        return UNKNOWN
    return result.stdout.strip() or UNKNOWN


def _pretty_name(root: Path) -> str:
    for line in _text(root / "etc/os-release").splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "PRETTY_NAME":
            try:
                return " ".join(shlex.split(value))
            except ValueError:  # a quote without its end
                return value.strip("\"' ")
    return ""


def _first_line(path: Path) -> str:
    lines = _text(path).strip().splitlines()
    return ISSUE_ESCAPES.sub("", lines[0]).strip() if lines else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""

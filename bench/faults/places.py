"""What a process finds around it: its home, its disk, its name service. Each is a shell preamble
that runs in a mount namespace of its own, so that nothing of it outlives the process.
"""

import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """`preamble`: shell, with `$PLACE` as a directory of the run's own. `home`: HOME is set."""

    name: str
    preamble: str = ""
    home: bool = True
    user: int | None = None


ORDINARY = Place("ordinary")
PLACES = (
    Place("full disk", 'mount -t tmpfs -o size=64k none "$PLACE"; '
          'dd if=/dev/zero of="$PLACE/filler" 2>/dev/null || true'),
    Place("read-only disk", 'mount -t tmpfs -o ro none "$PLACE"'),
    Place("no HOME", home=False),
    Place("no passwd entry", home=False, user=54321),
)  # fmt: skip
SILENT_DNS = (
    'printf "nameserver {address}\\n" > /run/resolv.conf; '
    "mount --bind /run/resolv.conf /etc/resolv.conf"
)


def command_in(place: Place, program: list[str], extra: str = "") -> list[str]:
    """The command that runs the program in that place."""
    words = " ".join(map(shlex.quote, program))
    if place.user is not None:
        words = f"setpriv --reuid {place.user} --clear-groups {words}"
    steps = "; ".join(step for step in (place.preamble, extra) if step)
    if not steps:
        return ["sh", "-ec", f"exec {words}"]
    if "/run" in steps:
        steps = f"mount -t tmpfs none /run; {steps}"
    return ["unshare", "--mount", "sh", "-ec", f"{steps}; exec {words}"]


def why_not(place: Place, python: str) -> str:
    """Why this machine cannot show this place; empty if it can."""
    if place.preamble and (os.geteuid() != 0 or shutil.which("unshare") is None):
        return "needs root and unshare"
    if place.user is not None:
        if os.geteuid() != 0 or shutil.which("setpriv") is None:
            return "needs root and setpriv"
        check = ["setpriv", "--reuid", str(place.user), "--clear-groups", python, "-c", "pass"]
        if subprocess.run(check, capture_output=True, check=False).returncode:
            return "the interpreter is not readable for other users"
    return ""

"""Starts the sender as a process of its own, which shares nothing with its host.

It is started isolated (`-I -S`): no user configuration, no site packages, no PYTHON* variables. It
has its own session, `/` as its directory, nothing open but the null device, and a lifetime after
which the kernel ends it.
"""

from __future__ import annotations

import os
import sys

from glasshouse_sdk.environment import for_sender

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

LIFETIME = 60  # seconds of a detached sender
PACKAGE_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# A sender that nobody waits for lets the host end first, where processors are scarce.
PROGRAM = (
    "import os, sys; sys.argv[-1] == 'due' and hasattr(os, 'nice') and os.nice(10); "
    "os.closerange(3, 1024); sys.path.insert(0, sys.argv[1]); "
    "from glasshouse_sdk.sender.process import main; main(sys.argv[2:])"
)


def interpreter() -> str | None:
    """A Python to run the sender with; None in a frozen or embedded program, which is none."""
    path = sys.executable
    name = os.path.basename(path or "").lower()
    if getattr(sys, "frozen", False) or not name.startswith(("python", "pypy")):
        return None
    return path if os.access(path, os.X_OK) else None


def launch(
    directory: str,
    switches: tuple[str, ...],
    environ: Mapping[str, str],
    *,
    lifetime: float = LIFETIME,
    asked: bool = False,
) -> int | None:
    """Start a sender for a state directory: its process id, or None where none can be started.

    `asked`: a person or the product asks now, so a pause after failures is not waited for.
    """
    python = interpreter()
    if python is None:
        return None
    words = [directory, f"{lifetime:g}", "asked" if asked else "due"]
    arguments = [python, "-I", "-S", "-B", "-c", PROGRAM, PACKAGE_ROOT, *words]
    if sys.platform == "win32":
        return _launch_on_windows(arguments, for_sender(environ, switches))
    return _launch(arguments, for_sender(environ, switches))


def _launch(arguments: list[str], environ: dict[str, str]) -> int:
    import _signal  # type: ignore[import-not-found]  # `signal` itself loads `enum`

    null = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
    options: dict[str, Any] = {
        "file_actions": null,
        "setsigmask": (),
        "setsigdef": (_signal.SIGALRM, _signal.SIGHUP, _signal.SIGTERM),
    }
    try:
        return os.posix_spawn(arguments[0], arguments, environ, setsid=True, **options)
    except NotImplementedError:  # an older C library; the sender then makes its session itself
        return os.posix_spawn(arguments[0], arguments, environ, **options)


def _launch_on_windows(arguments: list[str], environ: dict[str, str]) -> int:
    import subprocess  # heavy, but Windows has nothing lighter

    quiet = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    null = subprocess.DEVNULL
    process = subprocess.Popen(  # noqa: S603 — our own program, with arguments of our own
        arguments, env=environ, stdin=null, stdout=null, stderr=null, creationflags=quiet
    )
    return process.pid


def has_ended(process: int) -> bool:
    """Whether a process that this one started is over; collects it, so that no zombie stays."""
    try:
        return os.waitpid(process, os.WNOHANG)[0] == process
    except (ChildProcessError, AttributeError):  # the host collected it, or this is Windows
        return True

"""The sender's process: started by a host that does not wait for it, ended by the kernel at last.

arguments: the state directory, the lifetime in seconds, and `due` or `asked`
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

from glasshouse_sdk.environment import process_environment
from glasshouse_sdk.schedule import read_delivery
from glasshouse_sdk.sender.delivery import deliver_all
from glasshouse_sdk.sender.forgetting import ask_to_forget
from glasshouse_sdk.state import FORGET, State

MARGIN = 0.2  # seconds kept back for writing down what came of it


def main(arguments: list[str]) -> None:
    directory, lifetime, asked = arguments[0], float(arguments[1]), arguments[2] == "asked"
    os.chdir("/")
    _lead_a_session()
    _end_after(lifetime)
    state = State(directory)
    now = time.time()
    deadline = now + max(lifetime - MARGIN, 0.1)
    try:
        if state.exists(FORGET):
            ask_to_forget(state, process_environment(), deadline, asked=asked)
        if asked or read_delivery(state).is_due(now):
            deliver_all(state, process_environment(), deadline)
    except Exception:  # noqa: BLE001 — nobody is there to hear; what was claimed is still there
        sys.exit(1)


def _lead_a_session() -> None:
    """So that the end of the host's terminal is not the end of this process."""
    with contextlib.suppress(OSError, AttributeError):  # it leads one already, or this is Windows
        os.setsid()


def _end_after(lifetime: float) -> None:
    """The one total deadline: over name look-ups, slow answers, and whatever else may hang."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, lifetime)  # SIGALRM's own action ends the process
        return
    import threading  # Windows has no alarm

    timer = threading.Timer(lifetime, os._exit, (1,))
    timer.daemon = True
    timer.start()

"""Counts what a controller puts on the wire: run inside a network namespace of its own.

Each way to opt out of DISCLOSURE.md. Prints JSON lines; the first is a control that is on.

Started by `silence.namespace.reports`.
"""

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from silence.wire import Wire, report

REPOSITORY = Path(__file__).parents[3]
PROGRAM = REPOSITORY / "products" / "cloudbees-ci" / "controller.py"
PROPERTY = "-Dcom.cloudbees.analytics.gatherer.Sender.disabled=true"
CLOSED = "http://127.0.0.1:9"


def call(command, home, *more, **variables):
    return [
        [sys.executable, PROGRAM, command, "--endpoint", CLOSED, "--home", home, "--plugin",
         "pipeline", *more],
        {"PATH": os.environ["PATH"], "HOME": str(home), **variables},
    ]  # fmt: skip


def collect(home, *more, **variables):
    command, environ = call("run", home, *more, **variables)
    done = subprocess.run(
        command, env=environ, timeout=120, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return done.returncode


def clear_toggle(home):
    """As an administrator does it: Manage Jenkins, System, Usage Statistics."""
    command, environ = call("serve", home, "--port", "8103")
    server = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
    address = server.stdout.readline().strip()
    for _ in range(100):
        try:
            urllib.request.urlopen(address, data=b"", timeout=5).close()
            break
        except OSError:
            time.sleep(0.1)
    server.terminate()
    server.wait(20)


def main(directory):
    wire = Wire()
    wire.count()
    code = collect(directory / "control")
    report(control="on", packets=wire.count(), code=code)
    cases = {
        "the property": ((PROPERTY,), {}),
        "DO_NOT_TRACK": ((), {"DO_NOT_TRACK": "1"}),
    }
    for name, (more, variables) in cases.items():
        code = collect(directory / name.replace(" ", "-"), *more, **variables)
        report(case=name, packets=wire.count(), code=code)
    for name, is_used in (("the toggle", False), ("the toggle, later", True)):
        home = directory / name.replace(" ", "-")
        if is_used:
            collect(home)  # the request waits, for nobody has taken it
        clear_toggle(home)
        wire.count()
        code = collect(home)
        report(case=name, packets=wire.count(), code=code)
    code = collect(directory / "another")
    report(control="another controller", packets=wire.count(), code=code)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

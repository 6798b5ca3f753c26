"""What `docker run`, `docker stop` and `docker inspect` would do for the module, without an engine.

    python service_of_puppet.py DIRECTORY ENDPOINT KEY start|stop|status

The entry point runs under the variables of DIRECTORY/env, on DIRECTORY/disk.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SERVICE = Path(__file__).parents[1] / "cd4pe.py"


def main(directory, endpoint, key, word):
    noted = directory / "pid"
    if word == "start":
        lines = (directory / "env").read_text().splitlines()
        place = tempfile.mkdtemp(prefix="cd4pe-")  # paths of sockets must be short
        socket = Path(place) / "web"
        process = subprocess.Popen(
            [sys.executable, SERVICE, "serve", "--disk", directory / "disk", "--endpoint", endpoint,
             "--key", key, "--listen", f"unix:{socket}"],
            env={"PATH": os.environ["PATH"], **dict(line.split("=", 1) for line in lines)},
            start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        noted.write_text(f"{process.pid} {place}")
        while process.poll() is None and not socket.exists():
            time.sleep(0.05)
        return process.poll() or 0
    if not is_running(noted):
        return int(word == "status")
    if word == "stop":
        pid, _, place = noted.read_text().partition(" ")
        os.kill(int(pid), signal.SIGTERM)
        while is_running(noted):
            time.sleep(0.05)
        noted.unlink()
        shutil.rmtree(place)
    return 0


def is_running(noted):
    with contextlib.suppress(OSError, ValueError):
        pid = int(noted.read_text().partition(" ")[0])
        stat = Path(f"/proc/{pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] != "Z"
    return False


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))

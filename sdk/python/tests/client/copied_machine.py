"""A copy of this machine, in which packages are really installed while the machine stays as it is.

An overlay in a mount namespace of its own takes every write. systemd does not run there.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

OVERLAY = """
set -e
mount -t tmpfs tmpfs {base}
mkdir {base}/upper {base}/work {base}/root
mount -t overlay overlay -o lowerdir=/,upperdir={base}/upper,workdir={base}/work {base}/root
mount --rbind /dev {base}/root/dev
mount -t proc proc {base}/root/proc
mount -t tmpfs tmpfs {base}/root/run
mount --bind {dist} {base}/root/mnt
exec sleep 600
"""
TOOLS = ("unshare", "nsenter", "setpriv", "dpkg-deb", "apt-get")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
PATIENCE = 60  # seconds in which an overlay is made


def missing(*more: str) -> str:
    """Why no package can be installed here; empty if one can, and these tools are there too."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs root on Linux"
    tools = [tool for tool in (*TOOLS, *more) if shutil.which(tool) is None]
    if tools:
        return f"needs {', '.join(tools)}"
    if shutil.which("glasshouse-agent", path="/usr/bin"):
        return "the package is installed on this machine"
    return ""


class Machine:
    """This machine's files, of which nothing is changed but in a copy; `dist` is its /mnt."""

    def __init__(self, base: Path, dist: Path) -> None:
        self.root = base / "root"
        script = OVERLAY.format(base=base, dist=dist)
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", script], stderr=subprocess.PIPE, text=True
        )

    def is_ready(self) -> bool:
        """Whether the copy is there. Skips the test where no overlay may be made."""
        if self.holder.poll() is not None:
            pytest.skip(f"no overlay can be made here: {self.holder.communicate()[1].strip()}")
        mounted = Path(f"/proc/{self.holder.pid}/mountinfo").read_text()
        return f"{self.root}/mnt" in mounted

    def run(self, *words: str, code: int | None = 0, inside: bool = True, **environ: str) -> str:
        """What a command prints that ends with `code`; not `inside`: with the copy at `root`."""
        command = ["nsenter", "-t", str(self.holder.pid), "-m"]
        command += ["chroot", str(self.root), *words] if inside else words
        environ = {"PATH": PATH, "DEBIAN_FRONTEND": "noninteractive", **environ}
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environ)
        assert code is None or done.returncode == code, (words, done.stdout, done.stderr)
        return done.stdout

    def sh(self, text: str, code: int | None = 0, **environ: str) -> str:
        return self.run("sh", "-ec", text, code=code, **environ)

    def close(self) -> None:
        self.holder.terminate()
        self.holder.communicate(timeout=30)


@contextmanager
def copied_machine(base: Path, dist: Path) -> Iterator[Machine]:
    """`base`: an empty directory for the copy. `dist`: a directory of packages."""
    machine = Machine(base, dist)
    try:
        give_up = time.monotonic() + PATIENCE
        while not machine.is_ready():
            assert time.monotonic() < give_up
            time.sleep(0.05)
        yield machine
    finally:
        machine.close()

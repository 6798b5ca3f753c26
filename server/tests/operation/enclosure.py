"""A server run as a service or a container would: read-only root, no capability, not as root.

Needs root itself, and mount namespaces; `can_enclose` says whether they are to be had.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

USER = 10001
REPOSITORY = Path(__file__).parents[3]

# PR_SET_MDWE: no memory is both written and executed, as MemoryDenyWriteExecute=yes has it.
STRICTLY = (
    "import ctypes, os, sys; "
    "sys.exit('no mdwe') if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) else None; "
    "os.execv(sys.argv[1], sys.argv[1:])"
)


def can_enclose() -> bool:
    command = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    tools = all(shutil.which(tool) for tool in ("unshare", "setpriv"))
    return (
        tools and os.geteuid() == 0 and subprocess.run(command, capture_output=True).returncode == 0
    )


def script(data: Path, scratch: Path) -> str:
    """The shell's part: the root read-only, the data directory a disk of its own."""
    base = Path(sys.base_prefix)
    lines = ["set -e"]
    if base.is_relative_to("/root"):  # a Python that only root may enter
        lines += [
            f"mkdir -p {scratch}/base",
            f"mount --bind {base} {scratch}/base",
            "mount -t tmpfs -o mode=755 tmpfs /root",
            f"mkdir -p {base}",
            f"mount --bind {scratch}/base {base}",
        ]
    lines += [
        f"mount -t tmpfs -o mode=0700,uid={USER},gid={USER},size=200m tmpfs {data}",
        "mount -o remount,ro,bind /",
        f"cd /; exec setpriv --reuid {USER} --regid {USER} --clear-groups --no-new-privs"
        ' --bounding-set=-all --inh-caps=-all "$@"',
    ]
    return "\n".join(lines)


@contextmanager
def enclosed(
    data: Path, scratch: Path, command: Sequence[str], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen]:
    """The command, running in the enclosure; its data directory is seen by it alone."""
    whole = ["unshare", "--mount", "--propagation", "private", "bash", "-c", script(data, scratch)]
    process = subprocess.Popen(
        [*whole, "enclosed", *command],
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(60)
        finally:
            process.kill()
            process.stdout.close()


def inside(pid: int, *command: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess:
    """Another command in the enclosure of a process, as its user."""
    enter = ["nsenter", "--mount", "--target", str(pid), "setpriv", "--reuid", str(USER)]
    enter += ["--regid", str(USER), "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"]
    return subprocess.run(
        [*enter, *command], env=dict(environment), capture_output=True, text=True, timeout=60
    )


def wait_until_ready(process: subprocess.Popen, port: int) -> dict:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, process.stdout.read()
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{port}/health/ready", timeout=5
            ) as answer:
                return json.load(answer)
        except OSError:
            time.sleep(0.05)
    raise AssertionError("it did not become ready")

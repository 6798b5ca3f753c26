"""Runs one client once, as a product that records so many items and ends in some way."""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.faults.adapters import MANIFEST, Adapter
from bench.faults.places import ORDINARY, Place, command_in
from glasshouse_sdk.manifest import compiled_text, parse_manifest

LONGEST = 20.0  # seconds after the last record; then the process is killed

PROGRAM = """
import os, sys, time
{set_up}
def record(n):
    mark = "mark-%06d" % n
    {record}
def told():
    os.write(int(os.environ["TOLD"]), b"%.9f %.9f" % (time.monotonic(), time.process_time()))
{body}
"""
ORDINARY_END = "for n in range({first}, {last}): record(n)\n{flush}\ntold()"
ENDINGS = {
    "SIGKILL": "os.kill(os.getpid(), 9)",
    "SIGTERM": "os.kill(os.getpid(), 15)",
    "os._exit": "os._exit(0)",
}
FORK = """
record({first})
child = os.fork()
if not child:
    for n in range({first} + 1, {last}): record(n)
    {flush}
    told()
    sys.exit()
os.waitpid(child, 0)
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What came of it: seconds from the last record to the end, by the clock and of processor time
    (the process's own and of children that it waited for), and the bytes that it printed.
    """

    exit_seconds: float
    exit_cpu: float
    printed: bytes
    code: int | None  # None: killed after `LONGEST`


def run(
    python: str,
    adapter: Adapter,
    endpoint: str,
    place_directory: Path,
    *,
    first: int = 0,
    items: int = 20,
    ending: str = "",
    flushes: bool = False,
    place: Place = ORDINARY,
    extra: str = "",
) -> Run:
    """Run the client's program. `place_directory` is its home, and keeps its state between runs."""
    place_directory.mkdir(parents=True, exist_ok=True)
    manifest = place_directory.parent / "faults.json"
    manifest.write_text(compiled_text(parse_manifest(MANIFEST)))
    names = {
        "endpoint": endpoint, "state": str(place_directory / "glean"), "manifest": str(manifest),
    }  # fmt: skip
    # glean ends with its ping submitted, or nothing would ever leave
    flush = adapter.flush if flushes or adapter.name == "glean-sdk" else "pass"
    body = FORK if ending == "fork" else ORDINARY_END + "\n" + ENDINGS.get(ending, "")
    program = PROGRAM.format(
        set_up=adapter.set_up.format(**names),
        record=adapter.record.format(**names),
        body=body.format(first=first, last=first + items, flush=flush.format(**names)),
    )
    told, telling = os.pipe()
    environ = {"PATH": os.environ["PATH"], "TOLD": str(telling), "PLACE": str(place_directory)}  # noqa: TID251
    if place.home:
        environ["HOME"] = str(place_directory)
    command = command_in(place, [python, "-c", program], extra)
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=environ, pass_fds=(telling,), cwd="/", start_new_session=True,
    )  # fmt: skip
    os.close(telling)
    recorded = _times_told(told)
    code, cpu = _wait(process)
    ended = time.monotonic()
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    printed = process.stdout.read() or b""
    process.stdout.close()
    clock, used = recorded or (ended, cpu)
    return Run(ended - clock, cpu - used, printed, code)


def _times_told(told: int) -> tuple[float, float] | None:
    """When the last item was recorded, and the processor time that was used until then."""
    with open(told, "rb") as pipe:
        words = os.read(pipe.fileno(), 64).split()
    return (float(words[0]), float(words[1])) if words else None


def _wait(process: subprocess.Popen[bytes]) -> tuple[int | None, float]:
    """The exit code, None if it had to be killed, and the processor time that was used in all."""
    give_up = time.monotonic() + LONGEST
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage.ru_utime + usage.ru_stime
        if time.monotonic() > give_up:
            process.kill()
            process.wait()
            return None, 0.0
        time.sleep(0.002)

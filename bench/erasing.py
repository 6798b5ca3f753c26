"""How long an erasure takes at scale, from the command to its receipt, everything rewritten.

    python -m bench.erasing                          1M events
    python -m bench.erasing --events 10000000 --directory DIR    as `bench.fleet`, kept in DIR

One instance, one organization and a week of the product, one after the other, from a copy of the
data directory. The time holds for a machine with as much other work as this one has now; CPU is of
the command.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.fleet import FIRST, made
from bench.pages import WORDS

WANTED: dict[str, tuple[str, ...]] = {
    "an instance": ("--instance", WORDS["instance"]["id"]),
    "an organization": ("--identity", "organization", WORDS["organization"]["id"]),
    "a week": ("--all", "--from", "2026-08-03", "--to", "2026-08-10"),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.erasing",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--events", type=int, default=FIRST)
    parser.add_argument("--directory", type=Path, help="where the store is made; kept if given")
    parser.add_argument("--memory", default="2GB", help="for the store's engine")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        kept = options.directory or Path(scratch) / "made"
        kept.mkdir(parents=True, exist_ok=True)
        made(kept, options.events, options.memory).close()
        data = Path(scratch) / "data"
        shutil.copytree(kept, data)
        print(f"{'erased, of ' + format(options.events, ',') + ' events':36}"
              f"{'rows':>12}{'seconds':>9}{'CPU-s':>8}")  # fmt: skip
        for name, words in WANTED.items():
            print(f"{name:36}" + _erase(data, words))


def _erase(data: Path, words: tuple[str, ...]) -> str:
    command = [sys.executable, "-m", "glasshouse.cli.main", "erase", "--product", "bench", *words]
    started, before = time.monotonic(), _cpu_of_children()
    done = subprocess.run(
        [*command, "--json", "--data", str(data)], check=True, stdout=subprocess.PIPE
    )
    seconds, cpu = time.monotonic() - started, _cpu_of_children() - before
    return f"{json.loads(done.stdout)['items_total']:>12,}{seconds:>9.1f}{cpu:>8.1f}"


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()

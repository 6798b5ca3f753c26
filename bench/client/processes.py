"""Runs one subject in a fresh process and reads its figures."""

import json
import subprocess

from bench.client.subjects import Subject

PROGRAM = """
import sys, time
def memory():
    with open('/proc/self/statm') as file:
        return int(file.read().split()[1]) * 4096
before = time.process_time()
{load}
import_cpu = time.process_time() - before
rss, modules = memory(), len(sys.modules)
clock = time.perf_counter
start = clock()
{set_up}
{record}
first = clock() - start
def laps(clock):
    laps = []
    for _ in range({items}):
        start = clock()
        {record}
        laps.append(clock() - start)
    laps.sort()
    return laps[len(laps) // 2], laps[len(laps) * 99 // 100]
median, p99 = laps(clock)
median_cpu, p99_cpu = laps(time.thread_time)
figures = dict(import_cpu=import_cpu, memory=rss, modules=modules, first=first,
               median=median, p99=p99, median_cpu=median_cpu, p99_cpu=p99_cpu)
import json
print(json.dumps(figures))
"""


def measured(
    python: str, subject: Subject, directory: str, place: str, items: int
) -> dict[str, float]:
    """The figures of one process: seconds, bytes, counts. Raises if the subject fails."""
    program = PROGRAM.format(
        load=subject.load,
        set_up=subject.set_up.format(directory=directory, place=place),
        record=subject.record,
        items=items,
    )
    done = subprocess.run(
        [python, "-c", program], capture_output=True, text=True, timeout=300, check=True
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def lowest(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {name: min(figures[name] for figures in rounds) for name in rounds[0]}

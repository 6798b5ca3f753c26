"""`make bench`: every benchmark, one after the other. `python -m bench.NAME --help` for one."""

import runpy
import sys

BENCHES = (
    "bench.ingest",
    "bench.loading",
    "bench.scale",
    "bench.client",
    "bench.trackers",
    "bench.pages",
    "bench.erasing",
)

if __name__ == "__main__":
    for name in BENCHES:
        print(f"\n== {name} " + "=" * (70 - len(name)), flush=True)
        sys.argv = [name]
        runpy.run_module(name, run_name="__main__")

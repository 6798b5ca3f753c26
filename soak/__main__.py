"""`make soak`: every long test, one after the other. `python -m soak.NAME --help` for one."""

import runpy
import sys

SOAKS: tuple[tuple[str, list[str]], ...] = (
    ("soak.syscalls", []),
    ("soak.fuzz_doors", ["--inputs", "1000000"]),
    ("soak.routes", ["--examples", "1000"]),
    ("soak.mixed", ["--minutes", "30"]),
    ("soak.crashes", ["--kind", "kill", "--cycles", "1000"]),
    ("soak.crashes", ["--kind", "power", "--cycles", "1000"]),
    ("soak.closes", []),
)

if __name__ == "__main__":
    for name, arguments in SOAKS:
        print(f"\n== {name} {' '.join(arguments)}", flush=True)
        sys.argv = [name, *arguments]
        runpy.run_module(name, run_name="__main__")

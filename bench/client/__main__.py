"""`python -m bench.client`: import, memory, and recording, in fresh processes, side by side.

Example: python -m bench.client --rounds 10
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from bench.client.processes import lowest, measured
from bench.client.subjects import (
    BARE,
    GLASSHOUSE,
    GLASSHOUSE_TEXT,
    MANIFEST,
    PEERS,
    Subject,
)
from bench.peers import installed
from glasshouse_sdk.manifest import compiled_text, parse_manifest

COLUMNS = (
    ("import_cpu", "import CPU ms", 1e3),
    ("memory", "RSS above bare MB", 1e-6),
    ("modules", "modules", 1),
    ("first", "first record ms", 1e3),
    ("median", "record median µs", 1e6),
    ("p99", "record p99 µs", 1e6),
    ("median_cpu", "record median CPU µs", 1e6),
    ("p99_cpu", "record p99 CPU µs", 1e6),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=8, help="fresh processes for each figure")
    parser.add_argument("--items", type=int, default=5000, help="items recorded in each process")
    parser.add_argument("--venv", type=Path, help="where the clients are installed, to be kept")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        manifest = Path(directory) / "bench.json"
        manifest.write_text(compiled_text(parse_manifest(MANIFEST)))
        requires = [
            name for subject in (GLASSHOUSE, GLASSHOUSE_TEXT, *PEERS) for name in subject.requires
        ]
        python = installed(arguments.venv or Path(directory) / "venv", requires)
        bare = _figures(python, BARE, directory, arguments)
        rows = {}
        for subject in (GLASSHOUSE, GLASSHOUSE_TEXT, *PEERS):
            figures = _figures(python, subject, directory, arguments)
            figures["import_cpu"] -= bare["import_cpu"]
            figures["memory"] -= bare["memory"]
            figures["modules"] -= bare["modules"]
            rows[subject.name] = figures
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return
    _print_table(rows)


def _figures(
    python: str, subject: Subject, directory: str, arguments: argparse.Namespace
) -> dict[str, float]:
    """The lowest of all rounds for each figure: on a shared machine the rest is the neighbours'."""
    rounds = []
    for number in range(arguments.rounds):
        place = str(Path(directory) / f"{subject.name}-{number}")
        rounds.append(measured(python, subject, directory, place, arguments.items))
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return lowest(rounds)


def _print_table(rows: dict[str, dict[str, float]]) -> None:
    print(f"{'':<22}" + "".join(f"{name:>20}" for name in rows))
    for key, label, scale in COLUMNS:
        print(f"{label:<22}" + "".join(f"{row[key] * scale:>20.2f}" for row in rows.values()))
    print("\nglasshouse-sdk's items are on disk when record returns; the others' are in memory,")
    print("glean-sdk's on their way to a thread that writes them.")


if __name__ == "__main__":
    main()

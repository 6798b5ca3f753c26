"""`python -m bench.faults`: every client, every fault, one table.

Example: python -m bench.faults --client glasshouse-sdk --client posthog
"""

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.faults.adapters import ADAPTERS, BARE, Adapter
from bench.faults.farends import WAYS, FarEnd, closed_port, dropped_syn, silent_resolver
from bench.faults.places import ORDINARY, PLACES, SILENT_DNS, Place, why_not
from bench.faults.running import LONGEST, Run, run
from bench.peers import installed

ITEMS = 20
SETTLES = 4.0  # seconds without anything new after which all has arrived that will


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--client", action="append", choices=list(ADAPTERS), help="default: all")
    parser.add_argument("--items", type=int, default=1000, help="items in the loss runs")
    parser.add_argument("--rounds", type=int, default=3, help="runs for each exit time")
    parser.add_argument("--venv", type=Path, help="where the clients are installed, to be kept")
    parser.add_argument("--skip", choices=("faults", "losses"), help="leave out one half")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    adapters = [ADAPTERS[name] for name in arguments.client or ADAPTERS]
    with tempfile.TemporaryDirectory(prefix="faults-") as directory:
        base = Path(directory)
        base.chmod(0o755)  # one run is by another user
        requires = [name for adapter in adapters for name in adapter.requires]
        python = installed(arguments.venv or base / "venv", requires)
        results: dict[str, dict[str, dict[str, object]]] = {}
        for number, adapter in enumerate(adapters):
            place = base / f"client-{number}"
            rows = results[adapter.name] = {}
            if arguments.skip != "faults":
                for name, row in _faults(python, adapter, place, arguments.rounds):
                    rows[name] = row
                    _progress(adapter.name, name, row)
            if arguments.skip != "losses" and adapter is not BARE:
                for name, row in _losses(python, adapter, place, arguments.items):
                    rows[name] = row
                    _progress(adapter.name, name, row)
    print(json.dumps(results, indent=1) if arguments.json else _table(results))


def _faults(
    python: str, adapter: Adapter, place: Path, rounds: int
) -> Iterator[tuple[str, dict[str, object]]]:
    """Each fault: the seconds that the client keeps its host, and what it prints."""
    for way in WAYS:
        with contextlib.closing(FarEnd(way)) as far_end:
            runs = [run(python, adapter, far_end.url, place / f"{way} {n}") for n in range(rounds)]
            row = _row(runs)
            if way == "ok" and adapter is not BARE:
                _settle(far_end, rounds * ITEMS)
                row["delivered"] = f"{len(set(far_end.marks))}/{ITEMS}"
        yield way, row
    for name, broken in (("closed port", closed_port), ("dropped SYN", dropped_syn)):
        with broken() as url:
            runs = [run(python, adapter, url, place / f"{name} {n}") for n in range(rounds)]
        yield name, _row(runs)
    yield "DNS that hangs", _dns(python, adapter, place, rounds)
    for where in PLACES:
        yield where.name, _in_place(python, adapter, place, where, rounds)


def _in_place(
    python: str, adapter: Adapter, directory: Path, place: Place, rounds: int
) -> dict[str, object]:
    reason = why_not(place, python)
    if reason:
        return {"not run": reason}
    with contextlib.closing(FarEnd("ok")) as far_end:
        return _row(
            [
                run(python, adapter, far_end.url, directory / f"{place.name} {n}", place=place)
                for n in range(rounds)
            ]
        )


def _dns(python: str, adapter: Adapter, place: Path, rounds: int) -> dict[str, object]:
    reason = why_not(Place("DNS", "mount"), python)
    if reason:
        return {"not run": reason}
    with silent_resolver() as address:
        extra = SILENT_DNS.format(address=address)
        url = "http://telemetry.example.com:8090"
        runs = [
            run(python, adapter, url, place / f"dns {n}", place=ORDINARY, extra=extra)
            for n in range(rounds)
        ]
    return _row(runs)


def _row(runs: list[Run]) -> dict[str, object]:
    ended = all(run.code is not None for run in runs)
    return {
        "exit_ms": round(min(r.exit_seconds for r in runs) * 1e3, 1) if ended else None,
        "cpu_ms": round(min(r.exit_cpu for r in runs) * 1e3, 1) if ended else None,
        "printed": max(len(r.printed) for r in runs),
        "code": next((r.code for r in runs if r.code), 0),
    }


def _losses(
    python: str, adapter: Adapter, place: Path, items: int
) -> Iterator[tuple[str, dict[str, object]]]:
    """Each way to end: what has arrived after a second, ordinary start that flushes."""
    for ending in ("SIGKILL", "SIGTERM", "os._exit", "fork"):
        with contextlib.closing(FarEnd("ok")) as far_end:
            home = place / f"ends {ending}"
            run(python, adapter, far_end.url, home, items=items, ending=ending)
            yield ending, _arrived(python, adapter, far_end, home, items)
    home = place / "down then up"
    with closed_port() as url:
        run(python, adapter, url, home, items=items)
    with contextlib.closing(FarEnd("ok")) as far_end:
        yield "down then up", _arrived(python, adapter, far_end, home, items)


def _arrived(
    python: str, adapter: Adapter, far_end: FarEnd, home: Path, items: int
) -> dict[str, object]:
    run(python, adapter, far_end.url, home, items=0, flushes=True)
    _settle(far_end, items)
    return {"lost": items - len(set(far_end.marks)), "of": items}


def _settle(far_end: FarEnd, items: int) -> None:
    seen, since = -1, time.monotonic()
    while len(far_end.marks) < items and time.monotonic() - since < SETTLES:
        if len(far_end.marks) != seen:
            seen, since = len(far_end.marks), time.monotonic()
        time.sleep(0.05)


def _progress(client: str, name: str, row: dict[str, object]) -> None:
    print(f"{client:<20}{name:<18}{row}", file=sys.stderr, flush=True)


def _table(results: dict[str, dict[str, dict[str, object]]]) -> str:
    bare = results.get(BARE.name, {})
    names = list(dict.fromkeys(name for rows in results.values() for name in rows))
    clients = [name for name in results if name != BARE.name] or list(results)
    lines = [
        "ms from the last record to the end, clock/processor, above no client; printed; lost",
        f"{'':<18}" + "".join(f"{client:>30}" for client in clients),
    ]
    for name in names:
        cells = [_cell(results[client].get(name), bare.get(name)) for client in clients]
        lines.append(f"{name:<18}" + "".join(f"{cell:>30}" for cell in cells))
    return "\n".join(lines)


def _above(row: dict[str, object], bare: dict[str, object] | None, name: str) -> float:
    """Milliseconds above a process without a client."""
    floor = bare.get(name) if bare else None
    return float(str(row[name])) - float(str(floor or 0))


def _cell(row: dict[str, object] | None, bare: dict[str, object] | None) -> str:
    if row is None:
        return "-"
    if "not run" in row:
        return "not run"
    if "lost" in row:
        return f"lost {row['lost']} of {row['of']}"
    time_added = f"> {LONGEST:.0f} s"
    if row["exit_ms"] is not None:
        clock, cpu = (_above(row, bare, name) for name in ("exit_ms", "cpu_ms"))
        time_added = f"{clock:.0f}/{cpu:.1f} ms"
    crashed = f", exit {row['code']}" if row["code"] else ""
    delivered = f", {row['delivered']}" if "delivered" in row else ""
    return f"{time_added}, {row['printed']} B{delivered}{crashed}"


if __name__ == "__main__":
    main()

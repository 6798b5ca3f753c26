"""The service's command line: rounds over all products, and a line in the journal for each."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict

from glasshouse_sdk import __version__
from glasshouse_sdk.agent.product import Round, products_in, serve
from glasshouse_sdk.environment import process_environment

PRODUCTS, DROP, STATE = "/etc/glasshouse/products", "/var/spool/glasshouse", "/var/lib/glasshouse"
WELL, NOT_WELL, WRONG_USE = 0, 1, 2


def main(words: Sequence[str] | None = None) -> int:
    """Serve until told to stop; with --once, one round: 0 all well, 1 not, 2 wrong use."""
    arguments = _parser().parse_args(words)
    step_down(arguments.state)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while True:
        try:
            rounds = _round(arguments)
        except OSError as error:
            found = f"{error.filename}: {error.strerror}"
            print(f"glasshouse-agent: {found}; expected a directory", file=sys.stderr)
            return WRONG_USE
        for done in rounds:
            if arguments.once or not done.is_quiet:
                print(_line(done, as_json=arguments.json), flush=True)
        if arguments.once:
            return NOT_WELL if any(done.problem or done.quarantined for done in rounds) else WELL
        if stop.wait(arguments.every):
            return WELL


def step_down(state: str) -> None:
    """Root becomes whoever the state belongs to: the service could not read what root writes."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return
    try:
        owner = os.stat(state)
    except OSError:
        return  # a first start, by hand
    if owner.st_uid != 0:
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)


def _round(arguments: argparse.Namespace) -> list[Round]:
    environ = process_environment()
    return [
        serve(product, environ, policy=arguments.policy, seconds=arguments.seconds)
        for product in products_in(arguments.products, arguments.drop, arguments.state)
    ]


def _line(done: Round, *, as_json: bool) -> str:
    if as_json:
        return json.dumps(asdict(done))
    parts = [f"{done.taken} items taken"]
    if done.discarded:
        parts.append(f"{done.discarded} files removed, because the telemetry is off")
    parts += [f"{name} in quarantine ({why})" for name, why in done.quarantined.items()]
    if done.sent:
        parts.append(done.sent)
    if done.problem:
        parts.append(done.problem)
    return f"{done.slug}: {', '.join(parts)}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="glasshouse-agent",
        description="Sends what programs in any language leave in a directory, as each product's "
        "manifest allows and its switches permit.",
        epilog="Example: glasshouse-agent --products /etc/glasshouse/products --once",
    )
    parser.add_argument("--version", action="version", version=f"glasshouse-agent {__version__}")
    for flag, default, says in (
        ("--products", PRODUCTS, "where each product has SLUG.json (compiled manifest), SLUG.key"),
        ("--drop", DROP, "where programs leave their files, in SLUG/"),
        ("--state", STATE, "where spool, history and answers are kept, in SLUG/"),
        ("--policy", None, "the directory of the organization's policies, if not the system's"),
    ):
        parser.add_argument(flag, default=default, metavar="DIR", help=f"{says} ({default})")
    parser.add_argument("--every", type=float, default=60.0, help="seconds between rounds (60)")
    parser.add_argument("--seconds", type=float, default=30.0, help="for one sending (30)")
    parser.add_argument("--once", action="store_true", help="one round, then end")
    parser.add_argument("--json", action="store_true", help="a JSON line for each round")
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""`glasshouse move`: copy an installation of one machine to NATS and ClickHouse."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from glasshouse.cli.clustered import Clustered
from glasshouse.cli.errors import CommandError
from glasshouse.cli.installation import Installation
from glasshouse.cli.log import report
from glasshouse.cli.small_state import take_over
from glasshouse.keeping.holdings import erasure_key
from glasshouse.keeping.moving import PARTITION, Moved, MoveError, Step, move
from glasshouse.settings import Settings, from_environment
from glasshouse.store import StoreError

SHOWN = 20  # differences that are printed one by one


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "move",
        help="copy an installation of one machine to NATS and ClickHouse",
        description="Copies a data directory, whose server is stopped, to a cluster: what is "
        "registered, people, items, what is known of repeats, the accounting. Compares both sides "
        "by product, item and day, and ends with status 1 if they differ. If it is interrupted, "
        "call it again: it goes on. The directory is not changed but for its store's file, which "
        "is written anew once.",
        epilog="Example:  glasshouse move --data ./data --journal nats://a:4222,b:4222,c:4222 "
        "--store 'clickhouse://user:password@a:9000,b:9000/glasshouse?cluster=glasshouse'",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="the directory that is moved")
    parser.add_argument("--journal", metavar="ADDRESS", help="where the journal will be")
    parser.add_argument("--store", metavar="ADDRESS", help="where the store will be")
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    settings = from_environment(Settings(data=Path("data")))
    given = {name: getattr(options, name) for name in ("data", "journal", "store")}
    settings = replace(settings, **{name: value for name, value in given.items() if value})
    if not settings.journal or not settings.store:
        raise CommandError("found no --journal or no --store; expected both", status=2)
    if not (settings.data / "store").is_dir():
        raise CommandError(f"found no Glasshouse data in '{settings.data}'; give it with --data")
    moved = _moved(settings, show=not options.json)
    if options.json:
        print(json.dumps({**asdict(moved), "equal": not moved.differences}, default=str))
    else:
        _print(moved)
    return int(bool(moved.differences))


def _moved(settings: Settings, *, show: bool) -> Moved:
    old = Installation(replace(settings, journal="", store=""), report)
    try:
        old.loader.finish()
        # Its own scratch: the directory that is moved is this process' already.
        scratch = settings.data / "moving"
        engines = Clustered(replace(settings, data=scratch), report)
        try:
            take_over(old, engines)
            new = engines.store(erasure_key(old.server_key()), PARTITION)
            try:
                with _watched(show) as watch:
                    return move(old.store, new, old.catalogue, settings.data, watch)
            finally:
                new.close()
        finally:
            engines.close()
    except (StoreError, MoveError, OSError) as error:
        raise CommandError(f"the move ended early: {error}; call it again, it goes on") from None
    finally:
        old.close()


@contextmanager
def _watched(show: bool) -> Iterator[Callable[[Step], None]]:
    """A bar on a terminal, a line for each step elsewhere."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not show) as progress:
        task = progress.add_task("", total=None)

        def watch(step: Step) -> None:
            progress.update(task, description=step.name, completed=step.done, total=step.whole)

        yield watch


def _print(moved: Moved) -> None:
    print(
        f"moved {moved.rows:,} items and {moved.repeat_keys:,} keys of repeats; "
        f"compared {moved.days:,} days of items: "
        + (f"{len(moved.differences)} differ" if moved.differences else "all equal")
    )
    for each in moved.differences[:SHOWN]:
        print(
            f"  {each.product} {each.item} {each.day}: {each.here:,} here, {each.there:,} there",
            file=sys.stderr,
        )

"""The command line that every product's `fleet.py` has."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from glasshouse.simulation.delivery import DeliveryError, Request, deliver
from glasshouse.simulation.population import Calendar

Fleet = Callable[[Calendar, int, str], Sequence[Request]]
"""From the calendar, the seed and the write key (empty where the door has none) to requests."""

EXAMPLE = """
Example:
  python fleet.py --endpoint http://127.0.0.1:8090 --key KEY --days 90
Prints a line of JSON after every request: {"sent": 500, "of": 4600}.
"""


def run_fleet(fleet: Fleet, about: str, arguments: Sequence[str] | None = None) -> int:
    """Sends the fleet, or prints it. Returns the exit code: 0 sent, 1 refused, 2 wrong call."""
    options = _parser(about).parse_args(arguments)
    calendar = Calendar(options.until, options.days)
    requests = fleet(calendar, options.seed, options.key)
    if options.print:
        for request in requests:
            print(request.body(options.until).decode())  # noqa: T201 (what was asked for)
        return 0
    total = sum(request.items for request in requests)
    done = 0

    def sent(items: int) -> None:
        nonlocal done
        done += items
        print(json.dumps({"sent": done, "of": total}), flush=True)  # noqa: T201 (the protocol)

    try:
        deliver(requests, options.endpoint, sent, now=lambda: datetime.now(UTC))
    except DeliveryError as error:
        print(f"fleet: {error}", file=sys.stderr)  # noqa: T201 (the command's error)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser(about: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=about, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--endpoint", default="http://127.0.0.1:8090", help="the collector")
    parser.add_argument("--key", default="", help="the product's write key for simulated items")
    parser.add_argument("--days", type=_days, default=90, help="how many days (default 90)")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another fleet")
    parser.add_argument(
        "--until", type=_moment, default=datetime.now(UTC), help="last moment (default now)"
    )
    parser.add_argument("--print", action="store_true", help="print the requests, send nothing")
    return parser


def _days(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 730:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected 1 to 730")
    return int(text)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"found {text!r}, expected a time such as 2026-11-22T07:00:00Z"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

"""`glasshouse serve`: all of Glasshouse in one process, or one role of it beside others."""

import argparse
import gc
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from glasshouse.cli.alerting import checked_mail
from glasshouse.cli.errors import CommandError
from glasshouse.cli.log import FORMS, log_to
from glasshouse.cli.roles import collector, console, loader, whole
from glasshouse.cli.signing_in import checked_openid
from glasshouse.notices import Notice, tell
from glasshouse.settings import Settings, from_environment

MOST_COLLECTORS = 16
ROLES: Mapping[str, Callable[[Settings], None]] = {
    "all": whole.run,
    "collector": collector.run,
    "loader": loader.run,
    "console": console.run,
}
# Where there are flags; every setting is a variable besides.
FLAGS = (
    "data",
    "role",
    "journal",
    "store",
    "listen",
    "collector_listen",
    "country_database",
    "regions",
    "log_format",
    "collectors",
)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "serve",
        help="run the collector and the console",
        description="Runs collector, store and console in one process on one directory; or one of "
        "these roles beside others, over NATS and ClickHouse: then --data is for what can be lost. "
        "Every flag is also a variable, such as GLASSHOUSE_LISTEN.",
        epilog="Example:  glasshouse serve --data ./data --listen 127.0.0.1:8090",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="where everything is kept")
    parser.add_argument("--role", choices=tuple(ROLES), help="default all")
    parser.add_argument("--journal", metavar="ADDRESS", help="nats://HOST:4222,HOST:4222,HOST:4222")
    parser.add_argument(
        "--store", metavar="ADDRESS", help="clickhouse://HOST:9000,HOST:9000/DATABASE?cluster=NAME"
    )
    parser.add_argument("--listen", metavar="HOST:PORT", help="default 127.0.0.1:8090")
    parser.add_argument(
        "--collector-listen", metavar="HOST:PORT", help="a port of their own for the doors"
    )
    parser.add_argument(
        "--country-database", type=Path, metavar="FILE", help="instead of the one that ships"
    )
    parser.add_argument(
        "--regions", type=Path, metavar="FILE", help="a database that knows regions, too"
    )
    parser.add_argument(
        "--collectors", type=int, metavar="N", help="processes that serve the doors; default 1"
    )
    parser.add_argument("--log-format", choices=tuple(FORMS), help="default text")
    parser.set_defaults(run=run)


def settings_of(options: argparse.Namespace) -> Settings:
    """Flags over environment over defaults.

    Raises `CommandError` and `SettingError` for what cannot be.
    """
    flags = {name: getattr(options, name, None) for name in FLAGS}
    settings = from_environment(Settings(data=Path("data")))
    given = {name: value for name, value in flags.items() if value is not None}
    settings = replace(settings, **given)
    for is_wrong, why in _rules(settings):
        if is_wrong:
            raise CommandError(why, status=2)
    checked_openid(settings)
    checked_mail(settings)
    return settings


def _rules(settings: Settings) -> tuple[tuple[bool, str], ...]:
    """What no settings may be, with what is said then."""
    engines = [name for name in ("journal", "store") if getattr(settings, name)]
    is_alone = settings.role == "all"
    return (
        (
            settings.log_format not in FORMS,
            f"found the log format '{settings.log_format}'; expected one of {', '.join(FORMS)}",
        ),
        (
            settings.role not in ROLES,
            f"found the role '{settings.role}'; expected one of {', '.join(ROLES)}",
        ),
        (
            not is_alone and len(engines) < 2,
            (
                f"found the role {settings.role} without --journal and --store; expected both, "
                "or no role: then one process does everything, in --data"
            ),
        ),
        (
            is_alone and bool(engines),
            (
                f"found --{' and --'.join(engines)} without a role; expected --role collector, "
                "loader or console: each is a process of its own"
            ),
        ),
        (
            not 1 <= settings.collectors <= MOST_COLLECTORS,
            f"found {settings.collectors} collectors; expected 1 to {MOST_COLLECTORS}",
        ),
        (
            not is_alone and settings.collectors > 1,
            (
                f"found {settings.collectors} collectors in the role {settings.role}; expected "
                "one: start more processes of the role collector"
            ),
        ),
        (
            settings.one_thread and (settings.collectors > 1 or not is_alone),
            "found one thread and several processes; expected one or the other",
        ),
    )


def run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    log_to(sys.stderr, settings.log_format)
    # Requests leave no cycles behind, so looking for some may be rare.
    gc.set_threshold(100_000, 20, 100)
    # The journal and the loader are threads; a request must not wait 5 ms for their turn to end.
    sys.setswitchinterval(0.001)
    ROLES[settings.role](settings)
    tell(Notice.STOPPED)
    return 0

"""`glasshouse COMMAND …`: finds the command, and turns its errors into one readable line."""

import argparse
import sys
from collections.abc import Sequence
from types import ModuleType

from glasshouse import __version__
from glasshouse.cli import (
    advisory,
    alert,
    ask,
    backup,
    contacts,
    demo,
    doctor,
    erase,
    export,
    manifest,
    move,
    people,
    product,
    ready,
    records,
    release,
    restore,
    serve,
    share,
    sql,
)
from glasshouse.cli.errors import CommandError
from glasshouse.cli.help_text import CommandParser
from glasshouse.settings import SettingError

COMMANDS: tuple[ModuleType, ...] = (
    serve,
    product,
    manifest,
    ask,
    sql,
    advisory,
    alert,
    contacts,
    release,
    share,
    people,
    records,
    erase,
    export,
    backup,
    restore,
    move,
    doctor,
    ready,
    demo,
)


def parser() -> argparse.ArgumentParser:
    """The whole command line, for `main` and for the reference page."""
    top = CommandParser(
        prog="glasshouse",
        description="Telemetry for shipped software that everyone can see through.",
        epilog="Try it on this machine:  glasshouse demo",
    )
    top.add_argument("--version", action="version", version=f"glasshouse {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. 0: done; 1: it could not be done; 2: it was asked for wrongly."""
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except CommandError as error:
        print(f"glasshouse: {error}", file=sys.stderr)
        return error.status
    except SettingError as error:
        print(f"glasshouse: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of a pipe went away, as `head` does.
        sys.stderr.close()
        return 0


if __name__ == "__main__":
    sys.exit(main())

"""The commands, as a table: name, what it does, an example, its arguments."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from glasshouse_sdk import __version__
from glasshouse_sdk.cli import (
    answering,
    carrying,
    checking,
    compiling,
    differing,
    explaining,
    forgetting,
    recording,
    sending,
    showing,
    stubbing,
    tracking,
)
from glasshouse_sdk.cli.subject import CommandError, Subject, subject

DONE, NOT_SO, WRONG_USE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Command:
    """`run` gives the result as plain data and whether all is well; `show` makes it text."""

    name: str
    says: str
    example: str
    run: Callable[[Subject, argparse.Namespace], tuple[Any, bool]]
    show: Callable[[Any], str]
    arguments: tuple[tuple[str, dict[str, Any]], ...] = ()


CHANNEL = ("--channel", {"help": "one channel alone, such as telemetry", "metavar": "CHANNEL"})

COMMANDS = (
    Command(
        "status",
        "destination, last success and failure, what is waiting",
        "glasshouse-sdk --manifest acme.json status",
        showing.status,
        showing.status_text,
    ),
    Command(
        "why",
        "every switch, its value and place, and which one decided; exit code 1 if not on",
        "glasshouse-sdk --manifest acme.json why",
        explaining.why,
        explaining.why_text,
    ),
    Command(
        "list",
        "everything that this product may ever send",
        "glasshouse-sdk --manifest acme.json list",
        explaining.declared,
        explaining.declared_text,
    ),
    Command(
        "preview",
        "the next request, byte for byte; it stays as shown until it is sent",
        "glasshouse-sdk --manifest acme.json preview --body > next-request.json",
        showing.preview,
        showing.preview_text,
        (("--body", {"action": "store_true", "help": "print the bytes of the body and no more"}),),
    ),
    Command(
        "history",
        "everything that left in the last seven days, with what came back",
        "glasshouse-sdk --manifest acme.json history --json",
        showing.history,
        showing.history_text,
    ),
    Command(
        "on",
        "agree: keep the answer, for every channel unless one is named",
        "glasshouse-sdk --manifest acme.json on",
        answering.on,
        answering.answer_text,
        (CHANNEL,),
    ),
    Command(
        "off",
        "refuse: keep the answer and remove everything else; sends nothing (see forget)",
        "glasshouse-sdk --manifest acme.json off",
        answering.off,
        answering.answer_text,
        (CHANNEL,),
    ),
    Command(
        "forget",
        "refuse, and ask the collector to erase what left; again: what became of it; exit code 1 "
        "if that is not noted",
        "glasshouse-sdk --manifest acme.json forget",
        forgetting.forget,
        forgetting.forget_text,
        (("--seconds", {"type": float, "default": 20.0, "help": "the deadline (default 20)"}),),
    ),
    Command(
        "send",
        "send now what is waiting; exit code 1 if something is left or was refused for good",
        "glasshouse-sdk --manifest acme.json --key KEY send --seconds 10",
        sending.send,
        sending.send_text,
        (("--seconds", {"type": float, "default": 30.0, "help": "the deadline (default 30)"}),),
    ),
    Command(
        "export",
        "move what waits to one readable file, to be carried out of a site without a network",
        "glasshouse-sdk --manifest acme.json export telemetry-2026-11.json",
        carrying.export,
        carrying.export_text,
        (("file", {"help": "the file to write; it must be new", "metavar": "FILE"}),),
    ),
    Command(
        "deliver",
        "send an export from this machine; repeating it counts nothing twice",
        "glasshouse-sdk --manifest acme.json --key KEY deliver telemetry-2026-11.json",
        carrying.deliver,
        carrying.deliver_text,
        (
            ("file", {"help": "a file made by export", "metavar": "FILE"}),
            ("--seconds", {"type": float, "default": 30.0, "help": "for each wait (default 30)"}),
        ),
    ),
    Command(
        "check-connection",
        "the way to the collector, step by step; sends no item; exit code 1 if it is not open",
        "glasshouse-sdk --manifest acme.json check-connection",
        checking.check,
        checking.check_text,
        (("--seconds", {"type": float, "default": 10.0, "help": "for each wait (default 10)"}),),
    ),
    Command(
        "stubs",
        "a typed Python class with one method an item, so that mypy rejects what is undeclared",
        "glasshouse-sdk --manifest acme.toml stubs --output acme_telemetry.py",
        stubbing.stubs,
        stubbing.stubs_text,
        (("--output", {"help": "the file to write instead of printing", "metavar": "FILE"}),),
    ),
    Command(
        "record",
        "record one item, as the product would",
        "glasshouse-sdk --manifest acme.json record command_finished command=run seconds=1.5",
        recording.record,
        recording.record_text,
        (
            ("name", {"help": "the item's name or path", "metavar": "NAME"}),
            ("fields", {"nargs": "*", "help": "field=value", "metavar": "FIELD=VALUE"}),
            ("--version", {"dest": "product_version", "help": "the product's version"}),
            (
                "--origin",
                {
                    "choices": ("production", "development", "ci"),
                    "default": "production",
                    "help": "what it counts as (production)",
                },
            ),
        ),
    ),
    Command(
        "tracker",
        "the tracker and the banner for this product's pages, and the tags that load them",
        "glasshouse-sdk --manifest acme.json tracker --output static/ --address /static/",
        tracking.tracker,
        tracking.tracker_text,
        (
            ("--output", {"required": True, "help": "the directory", "metavar": "DIR"}),
            ("--address", {"default": "/", "help": "where pages find the files (default /)"}),
            (
                "--items",
                {
                    "default": "/glasshouse/items",
                    "help": "where pages post to, seen from the tracker's address "
                    "(default /glasshouse/items, the relay's)",
                },
            ),
        ),
    ),
    Command(
        "diff",
        "what this manifest changes against an older one; exit code 1 if people are not told",
        "glasshouse-sdk --manifest new.toml diff old.toml",
        differing.diff,
        differing.diff_text,
        (("old", {"help": "the older manifest, TOML or compiled", "metavar": "OLD"}),),
    ),
    Command(
        "compile",
        "the manifest as the product ships it: JSON, read in less than a millisecond",
        "glasshouse-sdk --manifest acme.toml compile --output acme.json",
        compiling.compiled,
        compiling.compiled_shown,
        (("--output", {"help": "the file to write instead of printing", "metavar": "FILE"}),),
    ),
)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command: 0 done, 1 not so (off, or not everything sent), 2 wrong use."""
    arguments = _parser().parse_args(words)
    command = next(command for command in COMMANDS if command.name == arguments.command)
    try:
        result, is_well = command.run(subject(arguments), arguments)
        _print(command, result, arguments)
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the last flush
        return DONE
    except CommandError as error:
        print(f"glasshouse-sdk: {error}", file=sys.stderr)
        return WRONG_USE
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"glasshouse-sdk: {place}{error.strerror or error}", file=sys.stderr)
        return WRONG_USE
    return DONE if is_well else NOT_SO


def _print(command: Command, result: Any, arguments: argparse.Namespace) -> None:
    if getattr(arguments, "body", False):
        sys.stdout.buffer.write(result["body"].encode() if result else b"")
        sys.stdout.buffer.flush()
    elif arguments.json:
        print(json.dumps(result, indent=1), flush=True)
    else:
        print(command.show(result), flush=True)


class CommandHelp(argparse.HelpFormatter):
    """Does not break the example into lines: it is there to be copied."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        says, _, example = text.partition(" ")
        if says != "Example:":
            return super()._fill_text(text, width, indent)
        return f"{indent}{says}\n{indent}  {example}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        formatter_class=CommandHelp,
        prog="glasshouse-sdk",
        description="What a product's telemetry does on this machine, and how to decide over it.",
        epilog="Example: glasshouse-sdk --manifest acme.json why",
    )
    parser.add_argument("--version", action="version", version=f"glasshouse-sdk {__version__}")
    for flag, says in (
        ("--manifest", "the product's manifest, TOML or compiled"),
        ("--project", "the project's directory, if not this one, for switches in its files"),
        ("--policy", "the directory of the organization's policies, if not the system's"),
        (
            "--installation",
            "the directory where the product keeps a refusal for every user, if any",
        ),
        ("--state", "the state directory, if not the user's own for this product"),
        ("--endpoint", "the collector's address, if not the product's"),
        ("--parts", "names of the installed parts, with commas, if not as the product last said"),
        ("--key", "the product's write key, if the product has not told it"),
    ):
        parser.add_argument(flag, help=says)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        each = commands.add_parser(
            command.name,
            help=command.says,
            description=command.says[0].upper() + command.says[1:] + ".",
            epilog=f"Example: {command.example}",
            formatter_class=CommandHelp,
        )
        each.add_argument("--json", action="store_true", help="print JSON")
        for flag, options in command.arguments:
            each.add_argument(flag, **options)
    return parser


if __name__ == "__main__":
    sys.exit(main())

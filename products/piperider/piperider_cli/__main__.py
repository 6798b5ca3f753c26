"""PipeRider: profiles a data source, asserts what must hold of it, reports, and compares."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Run as `python piperider_cli`, so its other files are found beside this one.
import postgres
from assertions import evaluated, read_assertions, write_generated
from failures import WrongCallError
from profile_file import home_directory, keep_profile
from profiling import Profile, profile
from projects import Project, make_project, read_project
from reports import compared, keep_run, newest_runs, read_run, write_report
from sources import opened
from usage import Usage

VERSION = "0.20.0"
EXAMPLE = """
Example:
  python piperider_cli init --source shop.duckdb
  python piperider_cli generate-assertions
  python piperider_cli run
  python piperider_cli generate-report
  python piperider_cli compare

What it tells the vendor, and how to switch that off, is in DISCLOSURE.md.
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One command as it was given."""

    options: argparse.Namespace
    directory: Path
    environment: Mapping[str, str]
    open_usage: Callable[[Project], Usage]


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Exit code: 0 done, 1 assertions failed or runs differ, 2 wrong call."""
    options = _parser().parse_args(arguments)
    home = home_directory(environment)

    def open_usage(project: Project) -> Usage:
        return Usage(
            project,
            home or project.folder,
            environment,
            version=options.version_sent,
            endpoint=options.endpoint,
            key=options.key,
        )

    try:
        # Whoever refuses for all software gets no identity either.
        if home is not None and environment.get("DO_NOT_TRACK", "") in ("", "0"):
            keep_profile(home)
    except OSError:
        pass  # without a profile there is no telemetry; the command itself goes on
    try:
        code: int = options.run(
            Call(options, options.directory.absolute(), environment, open_usage)
        )
    except (WrongCallError, OSError) as error:
        print(f"piperider: {error}", file=sys.stderr)
        return 2
    return code


def init(call: Call) -> int:
    project = make_project(call.directory, call.options.source)
    call.open_usage(project).command("init")
    print(f"{project.folder / 'config.yml'}: {project.source_type}")
    return 0


def run(call: Call) -> int:
    project = read_project(call.directory)
    usage = call.open_usage(project)
    used = read_assertions(project.folder)
    with opened(project.source_type, project.source_place, call.environment) as source:
        found = profile(source)
        verdicts = list(evaluated(used, found, source))
    kept = keep_run(project.folder, project.source_type, found, verdicts)
    usage.command("run", found)
    usage.assertions("run", used, verdicts)
    failed = [verdict.name for verdict in verdicts if not verdict.passed]
    if call.options.json:
        print((kept / "run.json").read_text(), end="")
    else:
        print(f"{kept}: {_size(found)}; {len(verdicts)} assertions, {len(failed)} failed")
        print("".join(f"  FAILED {name}\n" for name in failed), end="")
    return 1 if failed else 0


def generate_assertions(call: Call) -> int:
    project = read_project(call.directory)
    usage = call.open_usage(project)
    with opened(project.source_type, project.source_place, call.environment) as source:
        found = profile(source)
    number = write_generated(project.folder, found)
    usage.command("generate-assertions", found)
    usage.assertions("generate-assertions", read_assertions(project.folder))
    print(f"{number} new assertions in {project.folder / 'assertions.yml'}")
    return 0


def generate_report(call: Call) -> int:
    project = read_project(call.directory)
    usage = call.open_usage(project)
    (newest,) = newest_runs(project.folder, 1)
    print(write_report(newest))
    usage.command("generate-report")
    return 0


def compare(call: Call) -> int:
    project = read_project(call.directory)
    usage = call.open_usage(project)
    before, after = newest_runs(project.folder, 2)
    differences = compared(before, after)
    usage.command("compare")
    if call.options.json:
        print(json.dumps({"before": read_run(before / "run.json")["source"],
                          "differences": differences}))  # fmt: skip
    else:
        print("\n".join(differences) or f"runs {before.name} and {after.name} are equal")
    return 1 if differences else 0


def _size(found: Profile) -> str:
    return f"{len(found.tables)} tables, {found.columns} columns, {found.rows} rows"


COMMANDS: Mapping[str, tuple[Callable[[Call], int], str]] = {
    "init": (init, "make a project of this directory"),
    "run": (run, "profile the data source and evaluate the assertions"),
    "generate-assertions": (generate_assertions, "write down as assertions what holds today"),
    "generate-report": (generate_report, "make a page of the newest run"),
    "compare": (compare, "say what differs between the two newest runs"),
}
JSON = ("run", "compare")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="piperider",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--directory", type=Path, default=Path(), help="the project's directory")
    parser.add_argument("--endpoint", help="the collector, if not the manifest's")
    parser.add_argument("--key", help="the product's write key")
    parser.add_argument(
        "--version-sent", default=VERSION, metavar="VERSION", help="the version it says it is"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, (action, says) in COMMANDS.items():
        command = commands.add_parser(name, help=says, description=says.capitalize() + ".")
        command.set_defaults(run=action)
        if name in JSON:
            command.add_argument("--json", action="store_true", help="print JSON")
        if name == "init":
            command.add_argument(
                "--source", required=True,
                help=f"a DuckDB or SQLite file, or {postgres.EXPECTED}",
            )  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))  # noqa: TID251 (a program's entry reads its environment)

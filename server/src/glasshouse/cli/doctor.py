"""`glasshouse doctor`: is everything as it should be, and what to do if not."""

import argparse
import json

from glasshouse.cli.connection import add_arguments, connected

SIGNS = {"ok": "ok      ", "warning": "warning ", "problem": "PROBLEM "}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "doctor",
        help="check disk, clock, journal, key files and every row of the store",
        description="Checks the data directory, of a running server or of one that is stopped. "
        "Ends with status 1 if there is a problem.",
        epilog="Example:  glasshouse doctor --data ./data --json",
    )
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    with connected(options) as connection:
        findings = connection.keep("doctor", {})["findings"]
    if options.json:
        print(json.dumps(findings, indent=1))
    else:
        for finding in findings:
            print(f"{SIGNS[finding['state']]}{finding['check']}: {finding['found']}")
            if finding["do"]:
                print(f"        {finding['do']}")
    return int(any(finding["state"] == "problem" for finding in findings))

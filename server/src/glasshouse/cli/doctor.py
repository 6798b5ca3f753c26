"""`glasshouse doctor`: is everything as it should be, and what to do if not."""

import argparse
import json

from glasshouse.cli.connection import DEFAULT_DATA, Connection, add_arguments, connected
from glasshouse.cli.errors import CommandError
from glasshouse.cli.listening import bound
from glasshouse.cli.server import Server
from glasshouse.settings import Settings, from_environment

Findings = list[dict[str, str]]

SIGNS = {"ok": "ok      ", "warning": "warning ", "problem": "PROBLEM "}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "doctor",
        help="check disk, clock, owners, limits, ports, journal and every row of the store",
        description="Checks the data directory, of a running server or of one that is stopped. "
        "Ends with status 1 if there is a problem.",
        epilog="Example:  glasshouse doctor --data ./data --json",
    )
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    with connected(options) as connection:
        findings = connection.keep("doctor", {})["findings"] + ports(connection)
    if options.json:
        print(json.dumps(findings, indent=1))
    else:
        for finding in findings:
            print(f"{SIGNS[finding['state']]}{finding['check']}: {finding['found']}")
            if finding["do"]:
                print(f"        {finding['do']}")
    return int(any(finding["state"] == "problem" for finding in findings))


def ports(connection: Connection) -> Findings:
    """Of a running server its address, which has answered; else whether one could listen."""
    if isinstance(connection, Server):
        collectors = connection.call("GET", "/health/ready").get("collectors", {})
        running, wanted = collectors.get("running"), collectors.get("wanted")
        return [
            {
                "check": "ports",
                "state": "ok" if running == wanted else "problem",
                "found": f"{connection.url} answers; {running} of {wanted} collectors run",
                "do": "" if running == wanted else "see why in the server's log",
            }
        ]
    settings = from_environment(Settings(data=DEFAULT_DATA))
    findings = []
    for address in filter(None, (settings.listen, settings.collector_listen)):
        finding = {"check": "ports", "state": "ok", "found": f"{address} is free", "do": ""}
        try:
            bound(address).close()
        except CommandError as error:
            finding |= {"state": "warning", "found": str(error), "do": "see what listens there"}
        findings.append(finding)
    return findings

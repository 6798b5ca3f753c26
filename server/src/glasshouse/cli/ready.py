"""`glasshouse ready`: whether the server takes requests, for health checks."""

import argparse
from pathlib import Path

import httpx

from glasshouse.cli.connection import DEFAULT_DATA
from glasshouse.cli.server_file import running_server
from glasshouse.settings import Settings, from_environment


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "ready",
        help="whether the server on a directory, or at an address, takes requests",
        description="Ends with status 0 if it does and 1 if it does not. For the health checks of "
        "containers and load balancers.",
        epilog="Example:  glasshouse ready --data ./data",
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="the server's data directory (GLASSHOUSE_DATA)"
    )
    parser.add_argument("--server", metavar="URL", help="a server's address instead")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.server:
        return _asked(options.server.rstrip("/"))
    data = options.data or from_environment(Settings(data=DEFAULT_DATA)).data
    server = running_server(data)
    if server is None:
        print(f"not ready: no server on {data}")
        return 1
    return _asked(server.url)


def _asked(url: str) -> int:
    try:
        answer = httpx.get(f"{url}/health/ready", timeout=4, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        print(f"not ready: found no answer at {url} ({error}); expected a running server")
        return 1
    print("ready" if answer.is_success else f"not ready: status {answer.status_code}")
    return int(not answer.is_success)

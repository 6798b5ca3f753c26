"""The service on this machine: started for the first time, set up, used, upgraded, started again.

Its control repos and modules are the folders of the programmes beside this one. Good to see the
service at work, and what the demo reports of this machine.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
from cd4pe_service.analytics import MANIFEST

from glasshouse_sdk import Telemetry

HERE = Path(__file__).parent
BEFORE, AFTER = "2.11.1", "2.11.2"
NAME = "demo"
PASSWORD = "only for this machine"  # noqa: S105 (of an account that nobody else can reach)
POLICIES = ("direct", "eventual_consistency", "temporary_branch")
PATIENCE = 30.0  # seconds for a start, and for a report
EXAMPLE = """
Example:
  python sample.py --endpoint http://127.0.0.1:8090 --key KEY --home /tmp/cd4pe
"""


class NotStartedError(RuntimeError):
    """The service did not answer in time."""


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Exit code: 0, or 1 where the service did not start."""
    options = _parser().parse_args(arguments)
    disk = options.home.absolute() / "disk"
    telemetry = Telemetry(MANIFEST, state=disk / "analytics" / "installation", environment=environ,
                          sends_at_exit=False)  # fmt: skip
    serve = [sys.executable, str(HERE / "cd4pe.py"), "serve", "--disk", str(disk),
             "--endpoint", options.endpoint, "--key", options.key or ""]  # fmt: skip
    try:
        with running([*serve, "--release", BEFORE], environ) as client:
            wait_for_reports(telemetry, 1)
            use(client)
        with running([*serve, "--release", AFTER], environ):
            wait_for_reports(telemetry, 2)
    except (NotStartedError, httpx.HTTPError) as error:
        print(f"sample: {error}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def running(serve: Sequence[str], environ: Mapping[str, str]) -> Iterator[httpx.Client]:
    """The service, heard on a socket of its own, and somebody who uses it."""
    with tempfile.TemporaryDirectory(prefix="cd4pe-") as place:
        socket = f"{place}/web"
        process = subprocess.Popen([*serve, "--listen", f"unix:{socket}"], env=environ)
        try:
            transport = httpx.HTTPTransport(uds=socket)
            with httpx.Client(
                transport=transport, base_url="http://cd4pe", follow_redirects=True, timeout=30
            ) as client:
                wait_until_ready(client, process)
                yield client
        finally:
            process.terminate()
            process.wait(30)


def wait_until_ready(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            client.get("/analytics")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise NotStartedError("the service did not answer; what it said stands above")


def wait_for_reports(telemetry: Telemetry, number: int) -> None:
    """Until so many have left; at once where none may."""
    end = time.monotonic() + PATIENCE
    while telemetry.consent == "on" and len(telemetry.history()) < number:
        if time.monotonic() > end:
            return
        time.sleep(0.05)


def use(client: httpx.Client) -> None:
    """Sets it up unless that is done, and puts the neighbours under control."""
    if "/setup/" not in str(client.get("/").url):
        return
    person = {"email": "demo@example.com", "company": "Demo", "password": PASSWORD}
    client.post("/setup/root_account", data={"name": "root", **person})
    client.post("/setup/storage", data={"storage": "disk"})
    client.post("/setup/license", data={"license": str(uuid.uuid4())})
    client.post("/setup/user_account", data={"name": NAME, **person})
    folders = sorted(path for path in HERE.parent.iterdir() if path.is_dir())
    for number, folder in enumerate(folders):
        repo = client.post("/control-repos", data={"name": folder.name}).url.path
        client.post(f"{repo}/pipelines", data={"name": "main", "impact_analysis": "on"})
        deployment = {"node_group": "all", "policy": POLICIES[number % len(POLICIES)]}
        client.post(f"{repo}/pipelines/{number + 1}/deployments", data=deployment)
        for program in sorted(folder.glob("*.py")):
            client.post("/modules", data={"name": program.stem})
    for text in ({"server": "localhost"}, {"token": "none"}, {}):
        client.post("/integrations/gitlab", data=text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--endpoint", required=True, help="the collector")
    parser.add_argument("--key", help="the product's write key")
    parser.add_argument("--home", type=Path, required=True, help="where its data volume is")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))  # noqa: TID251 (a program's entry reads its environment)

"""Sends what a controller on this machine would: one check-in, and the builds that it runs.

With Segment's own client, so that a product which has that client already needs no other. The
names of the jobs and the instance id are hashed here, with a key that stays in the state
directory.
"""

import argparse
import hmac
import json
import logging
import os
import platform
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from segment.analytics.client import Client

PRODUCT = "CloudBees CI"
SYSTEMS = {"Linux": "linux", "Windows": "windows", "Darwin": "macos"}
CLOUD_VENDORS = {
    "Amazon EC2": "aws",
    "Google": "google",
    "Microsoft Corporation": "azure",
}
SENDER_DISABLED = "com.cloudbees.analytics.gatherer.Sender.disabled=true"
EXAMPLE = """
Example:
  python controller.py --endpoint http://127.0.0.1:8090 --key KEY --state /tmp/controller
Prints how many items were sent, as {"sent": 4}.
"""


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    options = _parser().parse_args(arguments)
    sent = 0
    failures: list[Exception] = []
    if not refused(options.properties, environment):
        # The client logs and retries for minutes; this program says in one line what went wrong.
        logging.getLogger("segment").setLevel(logging.CRITICAL)
        client = Client(
            options.key,
            host=options.endpoint,
            on_error=lambda error, _batch: failures.append(error),
            max_retries=2,
            timeout=10,
        )
        sent = report(client.track, options.version, options.organization, options.state)
        client.shutdown()
    if failures:
        print(f"controller: {options.endpoint} refused: {failures[0]}", file=sys.stderr)
        return 1
    print(json.dumps({"sent": sent}))
    return 0


def refused(properties: Sequence[str], environment: Mapping[str, str]) -> bool:
    """The switch of the launch scripts, and the one that holds for all software."""
    return SENDER_DISABLED in properties or environment.get("DO_NOT_TRACK", "") not in ("", "0")


def report(track: Callable[..., Any], version: str, organization: str, state: Path) -> int:
    """Hands all items to the client; returns how many."""
    key = _kept(state / "hash-key")
    every = {"productName": PRODUCT, "productVersion": version}
    instance = _keyed_hash(key, _kept(state / "instance-id"))
    sent = 0
    for event, properties in _happenings(key):
        track(
            anonymous_id=instance,
            event=event,
            properties={**every, **properties},
            context={"groupId": organization},
        )
        sent += 1
    return sent


def _happenings(key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events as they happen: the controller is up, then one build ends after the other."""
    yield "Instance Check-in", check_in()
    for job, result in builds(Path(__file__).parents[1]):
        yield "Build Completed", {**result, "jobName": _keyed_hash(key, job)}


def check_in() -> dict[str, Any]:
    """The state of this machine. No license was given to it, so there are no licensed users."""
    uptime = Path("/proc/uptime")
    vendor = Path("/sys/class/dmi/id/sys_vendor")
    facts: dict[str, Any] = {"os": SYSTEMS.get(platform.system(), "other")}
    if uptime.exists():
        facts["uptime"] = float(uptime.read_text().split()[0])
    if vendor.exists():
        facts["cloudProvider"] = CLOUD_VENDORS.get(vendor.read_text().strip(), "none")
    return facts


def builds(products: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Really builds something: compiles the programs of each product, and takes the time."""
    for folder in sorted(path for path in products.iterdir() if any(path.glob("*.py"))):
        with tempfile.TemporaryDirectory() as cache:
            started = time.monotonic()
            build = subprocess.run(
                [sys.executable, "-X", f"pycache_prefix={cache}", "-m", "compileall", "-q", folder],
                check=False,
                capture_output=True,
            )
            seconds = time.monotonic() - started
        result = "FAILURE" if build.returncode else "SUCCESS"
        yield f"compile {folder.name}", {"result": result, "duration": round(seconds, 3)}


def _kept(path: Path) -> str:
    """A random value that the first call makes and every later one finds."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o600)
        path.write_text(secrets.token_hex(32))
    return path.read_text()


def _keyed_hash(key: str, value: str) -> str:
    return hmac.new(key.encode(), value.encode(), "sha256").hexdigest()[:32]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Sends what a controller on this machine would.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--endpoint", required=True, help="the collector")
    parser.add_argument("--key", required=True, help="the product's write key")
    parser.add_argument("--state", type=Path, required=True, help="where id and hash key are kept")
    parser.add_argument("--version", default="2.492.2.3", help="version of the product")
    parser.add_argument("--organization", default="org-this-machine", help="as licensed")
    parser.add_argument("-D", dest="properties", action="append", default=[], help=SENDER_DISABLED)
    return parser


if __name__ == "__main__":
    # A program's entry is where its environment is read.
    sys.exit(main(sys.argv[1:], os.environ))  # noqa: TID251

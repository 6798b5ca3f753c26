"""A controller or an operations center: its telemetry, its System page, and the connection check.

    run                collects once: a check-in, the builds that it runs, what its plugins tell
    serve              the pages under Manage Jenkins
    check-connection   whether the collector can be reached

Everything that it keeps is in its home, in which `plugins.txt` names the installed plugins.
"""

import argparse
import hmac
import json
import os
import platform
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import uvicorn
from plugins import happenings, install, installed
from system_page import SYSTEM, system_page

from glasshouse_sdk import Telemetry

MANIFEST = Path(__file__).with_name("manifest.toml")
PRODUCTS = ("CloudBees CI", "CloudBees CI Operations Center")
SYSTEMS = {"Linux": "linux", "Windows": "windows", "Darwin": "macos"}
CLOUD_VENDORS = {
    "Amazon EC2": "aws",
    "Google": "google",
    "Microsoft Corporation": "azure",
}
SENDER_DISABLED = "com.cloudbees.analytics.gatherer.Sender.disabled=true"
NO_ANSWER = "No response: check with your IT/networking team to allow connectivity."
EXAMPLE = """
Example:
  python controller.py run --endpoint http://127.0.0.1:8090 --key KEY --home /tmp/controller
Prints what became of the items, as {"sent": "acknowledged"}.
"""


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    options = _parser().parse_args(arguments)
    install(options.home, options.plugin)
    code: int = options.action(Controller(options, environment))
    return code


class Controller:
    """One controller, as it was launched."""

    def __init__(self, options: argparse.Namespace, environment: Mapping[str, str]) -> None:
        self.options = options
        self.home: Path = options.home
        self.environment = environment

    @property
    def state(self) -> Path:
        return self.home / "analytics"

    def telemetry(self) -> Telemetry:
        """With its identity only while it is on: off leaves no file."""
        decided = self._opened()
        if decided.consent != "on":
            (self.home / "hash-key").unlink(missing_ok=True)
            return decided
        key = _kept(self.home / "hash-key")
        return self._opened(_keyed_hash(key, _kept(self.home / "instance-id")))

    def _opened(self, instance: str | None = None) -> Telemetry:
        return Telemetry(
            MANIFEST,
            version=self.options.version,
            endpoint=self.options.endpoint,
            key=self.options.key,
            state=self.state,
            instance=instance,
            identities={"organization": self.options.organization},
            environment=self.environment,
            properties=dict(each.partition("=")[::2] for each in self.options.properties),
            parts=installed(self.home),
            sends_at_exit=False,
        )


def run(controller: Controller) -> int:
    """1 if something could not be delivered; off is no failure."""
    telemetry = controller.telemetry()
    if telemetry.consent != "on":
        print(json.dumps({"sent": "off"}))
        return 0
    every = {
        "product_name": controller.options.product,
        "product_version": controller.options.version,
    }
    telemetry.record("instance_check_in", **every, **check_in())
    done = list(builds(Path(__file__).parents[1]))
    for job, facts in done:
        telemetry.record("build_completed", **every, **facts, job=job)
    succeeded = sum(facts["result"] == "SUCCESS" for _, facts in done)
    telemetry.record("job_runs", **every, runs=len(done), succeeded=succeeded)
    for item, facts in happenings(installed(controller.home), controller.home, done):
        telemetry.record(item, **every, **facts)
    for problem in telemetry.problems:
        print(f"controller: {problem}", file=sys.stderr)
    sent = telemetry.send(20)
    if sent != "acknowledged":
        what = f"{controller.options.endpoint} has not taken everything: {sent}"
        print(f"controller: {what}; ask why: controller.py check-connection", file=sys.stderr)
        return 1
    print(json.dumps({"sent": sent}))
    return 0


def serve(controller: Controller) -> int:
    port = controller.options.port
    print(f"http://127.0.0.1:{port}{SYSTEM}", flush=True)
    app = system_page(controller.options.product, controller.telemetry)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off")
    return 0


def check_connection(controller: Controller) -> int:
    """Step by step, for some seconds at most. 0 if a collector answers."""
    controller.telemetry().waiting()
    command = [
        sys.executable, "-m", "glasshouse_sdk", "--manifest", str(MANIFEST),
        "--state", str(controller.state), "--endpoint", controller.options.endpoint,
        "check-connection",
    ]  # fmt: skip
    code = subprocess.run(command, env=controller.environment, check=False).returncode
    if code == 1:
        print(NO_ANSWER)
    return code


def check_in() -> dict[str, Any]:
    """The state of this machine. No license was given to it, so there are no licensed users."""
    uptime = Path("/proc/uptime")
    vendor = Path("/sys/class/dmi/id/sys_vendor")
    facts: dict[str, Any] = {"os": SYSTEMS.get(platform.system(), "other")}
    if uptime.exists():
        facts["uptime"] = float(uptime.read_text().split()[0])
    if vendor.exists():
        facts["cloud_provider"] = CLOUD_VENDORS.get(vendor.read_text().strip(), "none")
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
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for action, says in ((run, "collect once"), (serve, "show the System page"),
                         (check_connection, "whether the collector can be reached")):  # fmt: skip
        command = commands.add_parser(action.__name__.replace("_", "-"), help=says)
        command.set_defaults(action=action)
        command.add_argument("--endpoint", help="the collector, if not the manifest's")
        command.add_argument("--key", help="the product's write key")
        command.add_argument("--home", type=Path, required=True, help="the controller's home")
        command.add_argument("--product", choices=PRODUCTS, default=PRODUCTS[0])
        command.add_argument("--version", default="2.492.2.3", help="version of the product")
        command.add_argument("--organization", default="org-this-machine", help="as licensed")
        command.add_argument("--port", type=int, default=8103, help="of the System page")
        command.add_argument("--plugin", action="append", default=[], help="install this one first")
        command.add_argument(
            "-D", dest="properties", action="append", default=[], help=SENDER_DISABLED
        )
    return parser


if __name__ == "__main__":
    # A program's entry is where its environment is read.
    sys.exit(main(sys.argv[1:], os.environ))  # noqa: TID251

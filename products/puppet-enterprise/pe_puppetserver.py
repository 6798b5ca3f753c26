r"""The analytics of pe-puppetserver: a check-in when the server starts, and every 24 hours.

    python pe_puppetserver.py --deployment DIR --node master.example.com --key KEY \
        --endpoint http://127.0.0.1:8090 --puppetdb http://127.0.0.1:8080

Prints a line of JSON for each check-in: {"sent": "acknowledged", "update": null}. SIGHUP reloads
the settings, as `service pe-puppetserver reload` does; SIGTERM ends it.
"""

import argparse
import hashlib
import json
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from puppet_enterprise.analytics import manifest_on, obey
from puppet_enterprise.deployment import (
    SERVER,
    Deployment,
    DeploymentError,
    Node,
    place,
    read_deployment,
)
from puppet_enterprise.master_facts import check_in, license_uuid
from puppet_enterprise.puppet_run import read_settings
from puppet_enterprise.puppetdb import PuppetDb
from puppet_enterprise.running import running

from glasshouse_sdk import Telemetry

MANIFEST = Path(__file__).with_name("manifest.toml")
PERIOD = 86_400.0  # seconds
SEND_SECONDS = 20.0
ITEM = "snapshot.check_in"
LONGEST_SHOWN = 300


class Analytics:
    """What of a master's server collects. Nothing of it is on disk while it is off."""

    def __init__(
        self,
        deployment: Deployment,
        node: Node,
        options: argparse.Namespace,
        environment: Mapping[str, str],
    ) -> None:
        self._node = node
        self._is_primary = node == deployment.masters[0]
        self._version = deployment.version
        self._options = options
        self._state = node.state(SERVER)
        self._environment = environment
        self._compiled = manifest_on(node, MANIFEST)
        self.reload()

    def reload(self) -> None:
        """Read the settings anew."""
        settings = read_settings(self._node, SERVER)
        obey(self._opened(), self._state, settings, self._compiled["channels"])

    def check_in(self) -> dict[str, Any]:
        """Once: what came of the data, and the newest release if this is an older one."""
        telemetry = self._opened()
        if telemetry.state_of("telemetry") == "on":
            self._make_site_key()
            telemetry = self._opened()
            sent = self._collect(telemetry)
        else:
            self._node.site_key.unlink(missing_ok=True)
            sent = "off"
        release = telemetry.check_for_updates(SEND_SECONDS)
        told = None
        if release is not None and release.newer:
            told = {
                "version": _shown(release.version),
                "message": _shown(release.message),
                "link": _shown(release.link),
            }
        return {"sent": sent, "update": told}

    def _make_site_key(self) -> None:
        if self._is_primary and not self._node.site_key.exists():
            place(self._node.site_key, secrets.token_hex(32), 0o600)

    def _collect(self, telemetry: Telemetry) -> str:
        declared = self._compiled["items"][ITEM]["fields"]
        fields, problems = check_in(
            self._node, self._version, self._puppetdb(), self._options.os_release, declared
        )
        telemetry.record(ITEM, **fields)
        sent = telemetry.send(SEND_SECONDS)
        for problem in (*problems, *telemetry.problems):
            print(f"pe-puppetserver: {problem}", file=sys.stderr, flush=True)
        return sent

    def _puppetdb(self) -> PuppetDb | None:
        address, ssl_directory = self._options.puppetdb, self._node.ca_certificate.parents[1]
        return PuppetDb(address, ssl_directory, self._node.certname) if address else None

    def _opened(self) -> Telemetry:
        return Telemetry(
            self._compiled,
            version=self._version,
            endpoint=self._options.endpoint,
            key=self._options.key,
            state=self._state,
            instance=self._node.certname,
            identities=self._identities(),
            keys=_keys(self._node),
            environment=self._environment,
            sends_at_exit=False,
        )

    def _identities(self) -> dict[str, str]:
        known = {}
        uuid = license_uuid(self._node)
        if uuid is not None:
            known["license"] = uuid
        if self._node.ca_certificate.exists():
            # A digest first, for it is longer than an identity may be; what leaves is keyed.
            certificate = self._node.ca_certificate.read_bytes()
            known["site"] = hashlib.sha512(certificate).hexdigest()
        return known


def _keys(node: Node) -> dict[str, str]:
    key = node.site_key
    return {"site": key.read_text()} if key.exists() else {}


def _shown(text: str) -> str:
    """What comes from the network, for a log: one line of bounded length."""
    return "".join(sign for sign in text if sign.isprintable())[:LONGEST_SHOWN]


class Server:
    """Runs until it is told to end."""

    def __init__(self, analytics: Analytics, node: Node, period: float) -> None:
        self._analytics = analytics
        self._node = node
        self._period = period
        self._woken = threading.Event()
        self._is_ending = self._is_reloading = False

    def run(self) -> None:
        """Raises DeploymentError if there is one already."""
        signal.signal(signal.SIGHUP, self._reload)
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)
        with running(self._node, SERVER):
            while not self._is_ending:
                _say(self._analytics.check_in())
                self._rest()

    def _rest(self) -> None:
        """Until the next check-in is due, or the end."""
        due = time.monotonic() + self._period
        while not self._is_ending and (left := due - time.monotonic()) > 0:
            self._woken.wait(left)
            self._woken.clear()
            if self._is_reloading:
                self._is_reloading = False
                self._analytics.reload()
                _say({"reloaded": SERVER})

    def _reload(self, *_: object) -> None:
        self._is_reloading = True
        self._woken.set()

    def _end(self, *_: object) -> None:
        self._is_ending = True
        self._woken.set()


def _say(facts: dict[str, Any]) -> None:
    print(json.dumps(facts), flush=True)


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """0 when it ended as asked, 1 if with --once not everything has arrived, 2 for a wrong call."""
    options = _parser().parse_args(arguments)
    try:
        deployment = read_deployment(options.deployment)
        node = deployment.master(options.node)
    except DeploymentError as error:
        print(f"pe-puppetserver: {error}", file=sys.stderr)
        return 2
    analytics = Analytics(deployment, node, options, environment)
    if options.once:
        outcome = analytics.check_in()
        _say(outcome)
        return int(outcome["sent"] not in ("acknowledged", "off"))
    try:
        Server(analytics, node, options.every).run()
    except DeploymentError as error:
        print(f"pe-puppetserver: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--deployment", type=Path, required=True, help="made by pe.py install")
    parser.add_argument("--node", help="which master, if not the primary one")
    parser.add_argument("--endpoint", help="the collector, if not the manifest's")
    parser.add_argument("--key", help="the product's write key")
    parser.add_argument("--puppetdb", help="its address; without it nodes are not counted")
    parser.add_argument("--once", action="store_true", help="check in once, as at a start, and end")
    parser.add_argument("--every", type=float, default=PERIOD, help="seconds between check-ins")
    parser.add_argument("--os-release", type=Path, default=Path("/etc/os-release"))
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], dict(os.environ)))  # noqa: TID251 (this process's own)

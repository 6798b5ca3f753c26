"""The console of Puppet Enterprise: inventory, classification, runs of Puppet, and its analytics.

    python pe_console.py --deployment DIR --collector http://127.0.0.1:8090 --port 8104

Pages tell which of them are used, through the console itself. SIGHUP reloads the settings, as
`service pe-console-services reload` does. There is no login: it listens on this machine alone.
"""

import argparse
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qs, quote

import uvicorn
from puppet_enterprise import pages
from puppet_enterprise.analytics import manifest_on, obey
from puppet_enterprise.classifier import Classifier
from puppet_enterprise.deployment import (
    CONSOLE,
    Deployment,
    DeploymentError,
    read_deployment,
)
from puppet_enterprise.puppet_run import read_settings, run_puppet
from puppet_enterprise.puppetdb import PuppetDb, PuppetDbError
from puppet_enterprise.running import running
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from glasshouse_sdk import Telemetry
from glasshouse_sdk.browser.asgi import RelayMiddleware
from glasshouse_sdk.browser.relay import Relay

MANIFEST = Path(__file__).parent / "console" / "manifest.toml"
POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; form-action 'self'"
MOST_BODY = 100_000


class Console:
    """The pages over one installation. User names are kept in memory."""

    def __init__(self, deployment: Deployment, puppetdb: PuppetDb | None) -> None:
        self._deployment = deployment
        self._puppetdb = puppetdb
        self._classifier = Classifier(deployment.console.classifier)
        self._users: list[str] = ["admin"]
        self._applied: dict[str, str] = {}

    @property
    def routes(self) -> list[Route]:
        post = ["POST"]
        return [
            Route("/", self.overview),
            Route("/nodes", self.inventory),
            Route("/nodes/{certname}", self.node),
            Route("/nodes/{certname}/run", self.run_puppet, methods=post),
            Route("/classification", self.groups),
            Route("/classification", self.add_group, methods=post),
            Route("/classification/{group}", self.group),
            Route("/classification/{group}/rules", self.add_rule, methods=post),
            Route("/classification/{group}/classes", self.set_parameter, methods=post),
            Route("/classification/{group}/variables", self.set_variable, methods=post),
            Route("/users", self.users),
            Route("/users", self.add_user, methods=post),
        ]

    async def overview(self, _: Request) -> Response:
        version = self._deployment.version
        return self._page("Overview", pages.overview(version, len(self._certnames())))

    async def inventory(self, _: Request) -> Response:
        return self._page("Inventory", pages.inventory(self._certnames()))

    async def node(self, request: Request) -> Response:
        certname = request.path_params["certname"]
        known = self._deployment.nodes.get(certname)
        if known is None and certname not in self._certnames():
            return self._page("Not found", "", 404)
        services = known.services if known is not None else ()
        applied = self._applied.pop(certname, "")
        return self._page(certname, pages.node(certname, services, applied))

    async def run_puppet(self, request: Request) -> Response:
        certname = request.path_params["certname"]
        try:
            node = self._deployment.node(certname)
            self._applied[certname] = str(run_puppet(self._deployment, node))
        except DeploymentError as error:
            return self._page("Run Puppet", f"<p>{error}</p>", 400)
        return _onward(f"/nodes/{quote(certname, safe='')}")

    async def groups(self, _: Request) -> Response:
        return self._page("Classification", pages.groups(self._classifier.groups()))

    async def add_group(self, request: Request) -> Response:
        form = await _form(request)
        if form.get("name"):
            self._classifier.add(form["name"])
        return _onward("/classification")

    async def group(self, request: Request) -> Response:
        name = request.path_params["group"]
        found = self._classifier.groups().get(name)
        if found is None:
            return self._page("Not found", "", 404)
        return self._page(name, pages.group(name, found))

    async def add_rule(self, request: Request) -> Response:
        form = await _form(request)
        name, rule = request.path_params["group"], form.get("rule", "")
        found = self._classifier.groups().get(name)
        if found is not None and rule:
            found.rules.append(rule)
            self._classifier.keep(name, found)
        return _onward(f"/classification/{quote(name, safe='')}")

    async def set_parameter(self, request: Request) -> Response:
        form = await _form(request)
        name = request.path_params["group"]
        if name in self._classifier.groups() and form.get("class") and form.get("parameter"):
            self._classifier.set_parameter(
                name, form["class"], form["parameter"], form.get("value", "")
            )
        return _onward(f"/classification/{quote(name, safe='')}")

    async def set_variable(self, request: Request) -> Response:
        form = await _form(request)
        name = request.path_params["group"]
        found = self._classifier.groups().get(name)
        if found is not None and form.get("key"):
            found.variables[form["key"]] = form.get("value", "")
            self._classifier.keep(name, found)
        return _onward(f"/classification/{quote(name, safe='')}")

    async def users(self, _: Request) -> Response:
        return self._page("Access control", pages.users(self._users))

    async def add_user(self, request: Request) -> Response:
        form = await _form(request)
        if form.get("name"):
            self._users.append(form["name"])
        return _onward("/users")

    def _certnames(self) -> list[str]:
        """The installation's own nodes, and those that PuppetDB knows if it answers."""
        known = set(self._deployment.nodes)
        if self._puppetdb is not None:
            try:
                known.update(self._puppetdb.certnames())
            except PuppetDbError as error:
                print(f"pe-console-services: {error}", file=sys.stderr)
        return sorted(known)

    def _page(self, title: str, body: str, status: int = 200) -> Response:
        headers = {"content-security-policy": POLICY, "cache-control": "no-store"}
        return HTMLResponse(pages.page(title, body, self._deployment.version), status, headers)


class Analytics:
    """The relay of the console's pages, which is off where the settings or pe.conf say so."""

    def __init__(
        self, deployment: Deployment, collector: str | None, environment: Mapping[str, str]
    ) -> None:
        self._node = deployment.console
        self._state = self._node.state(CONSOLE)
        self._manifest = manifest_on(self._node, MANIFEST)
        self._environment = environment
        self.reload()
        self.relay = Relay(
            self._manifest, endpoint=collector, environment=environment, state=self._state
        )

    def reload(self) -> None:
        """Read the settings anew."""
        telemetry = Telemetry(
            self._manifest, state=self._state, environment=self._environment, sends_at_exit=False
        )
        of_pages = set(self._manifest["channels"])
        obey(telemetry, self._state, read_settings(self._node, CONSOLE), of_pages)


def application(
    deployment: Deployment, analytics: Analytics, puppetdb: PuppetDb | None = None
) -> RelayMiddleware:
    site = Starlette(routes=Console(deployment, puppetdb).routes)
    return RelayMiddleware(site, analytics.relay)


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form; empty if there is more than a form of this console has."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY:
            return {}
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _onward(address: str) -> Response:
    return RedirectResponse(address, 303)


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        deployment = read_deployment(options.deployment)
    except DeploymentError as error:
        print(f"pe-console-services: {error}", file=sys.stderr)
        return 2
    analytics = Analytics(deployment, options.collector, environment)
    puppetdb = PuppetDb(options.puppetdb) if options.puppetdb else None
    signal.signal(signal.SIGHUP, lambda *_: analytics.reload())
    app = application(deployment, analytics, puppetdb)
    try:
        with running(deployment.console, CONSOLE):
            print(f"http://127.0.0.1:{options.port}/", flush=True)
            serve(app, options.port)
    except DeploymentError as error:
        print(f"pe-console-services: {error}", file=sys.stderr)
        return 2
    return 0


def serve(app: RelayMiddleware, port: int) -> None:
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--deployment", type=Path, required=True, help="made by pe.py install")
    parser.add_argument("--collector", help="where pages' items go, if not to the manifest's")
    parser.add_argument("--puppetdb", help="its address, for the names of all nodes")
    parser.add_argument("--port", type=int, default=8104)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], dict(os.environ)))  # noqa: TID251 (this process's own)

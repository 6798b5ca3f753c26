"""A visit to the console on this machine: a real Chromium, in which somebody looks around.

Where no Chromium is installed nobody visits, and this says so. The installation is the sample of
`pe.py sample`, so it has to be there.
"""

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import uvicorn
from pe_console import Analytics, application
from puppet_enterprise.deployment import Deployment, DeploymentError, read_deployment

# The browser is driven as the tests drive it; the demo runs out of a checkout.
TESTS = Path(__file__).parents[2] / "server" / "tests"
EXAMPLE = """
Example:
  python pe_console_visit.py --endpoint http://127.0.0.1:8090 --deployment /tmp/pe
"""


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """0, or 1 if there is no installation."""
    options = _parser().parse_args(arguments)
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        print("pe_console_visit: no Chromium is here, so nobody visits", file=sys.stderr)
        return 0
    try:
        deployment = read_deployment(options.deployment)
    except DeploymentError as error:
        print(f"pe_console_visit: {error}", file=sys.stderr)
        return 1
    with console(deployment, options.endpoint, environment) as address, opened_tab() as tab:
        visit(tab, address)
    return 0


def visit(tab: Any, address: str) -> None:
    """From page to page by their links, and a run of Puppet."""
    tab.open(address)
    for name in ("inventory", "node", "run-puppet", "classification", "group", "access-control"):
        tab.browser.settle(0.3)
        tab.value("window.before = true")
        tab.click(f"[data-glasshouse='{name}']")
        tab.wait("!window.before && document.readyState === 'complete'")
    tab.browser.settle(0.3)
    tab.open("about:blank")
    tab.browser.settle(1.0)  # what a page says when it is left


@contextmanager
def console(
    deployment: Deployment, collector: str, environment: Mapping[str, str]
) -> Iterator[str]:
    """The console as long as the block lasts: its address."""
    app = application(deployment, Analytics(deployment, collector, environment))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


@contextmanager
def opened_tab() -> Iterator[Any]:
    sys.path[:0] = [str(TESTS / "browser"), str(TESTS / "tracker")]
    # Only where there is a browser to drive.
    chromium, tabs = import_module("chromium"), import_module("tabs")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = chromium.Browser(Path(profile))
        tab = tabs.Tab(browser)
        try:
            yield tab
        finally:
            tab.close()
            browser.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--endpoint", required=True, help="the collector")
    parser.add_argument("--deployment", type=Path, required=True, help="the installation")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], dict(os.environ)))  # noqa: TID251 (this process's own)

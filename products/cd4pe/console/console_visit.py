"""A visit to the pages of the service on this machine, in a real Chromium.

Whoever `sample.py` has made logs in, looks around, and configures the integration with PE. Where no
Chromium is installed nobody visits, and this says so.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

PRODUCT = Path(__file__).resolve().parents[1]
# The browser is driven as the tests drive it; the demo runs out of a checkout.
TESTS = PRODUCT.parents[1] / "server" / "tests"
sys.path[:0] = [str(PRODUCT), str(TESTS / "browser"), str(TESTS / "tracker")]

from sample import AFTER, NAME, PASSWORD  # noqa: E402 (found by the path above)

PATIENCE = 30.0  # seconds for a start
INTEGRATION = "/integrations/puppet_enterprise"
EXAMPLE = """
Example:
  python console_visit.py --endpoint http://127.0.0.1:8090 --home /tmp/cd4pe
"""


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Exit code: 0, or 1 where `sample.py` has not been here or the service does not start."""
    options = _parser().parse_args(arguments)
    disk = options.home.absolute() / "disk"
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        what = "no Chromium is here, so nobody visits (tools/chromium.sh)"
        print(f"console_visit: {what}", file=sys.stderr)
        return 0
    if not (disk / "cd4pe.sqlite").exists():
        print(f"console_visit: found no service in {disk}; run sample.py first", file=sys.stderr)
        return 1
    with running(disk, options.endpoint, environ) as address:
        if address is None:
            print("console_visit: the service did not start; see above", file=sys.stderr)
            return 1
        with import_module("tabs").opened_tab() as tab:
            visit(tab, address)
    return 0


@contextmanager
def running(disk: Path, endpoint: str, environ: Mapping[str, str]) -> Iterator[str | None]:
    """The service's address; None if it did not start."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, str(PRODUCT / "cd4pe.py"), "serve", "--disk", str(disk), "--endpoint",
         endpoint, "--release", AFTER, "--listen", f"127.0.0.1:{port}"],
        env=environ,
    )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}" if _listens(process, port) else None
    finally:
        process.terminate()
        process.wait(30)


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.05)
    return False


def visit(tab: Any, address: str) -> None:
    tab.open(f"{address}/login")
    submit(tab, "/", name=NAME, password=PASSWORD)
    for path in ("/control-repos/1", "/control-repos/2", "/modules", "/integrations"):
        tab.open(f"{address}{path}")
    tab.open(f"{address}{INTEGRATION}")
    submit(tab, INTEGRATION, server="localhost")
    submit(tab, INTEGRATION, token="none")  # noqa: S106 (nothing has it)
    submit(tab, "/integrations")
    tab.open("about:blank")
    tab.browser.settle(1.0)  # what a page says when it is left


def submit(tab: Any, path: str, **typed: str) -> None:
    """Fills the page's first form and sends it, as a person does; until the page there is shown."""
    for name, text in typed.items():
        tab.value(f"document.querySelector('main [name={name}]').value = {json.dumps(text)}")
    tab.value("window.before = true")  # the next page may have the same address
    tab.click("main form button")
    arrived = f"location.pathname === '{path}' && document.readyState === 'complete'"
    tab.wait(f"!window.before && {arrived}")
    tab.browser.settle(0.2)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--endpoint", required=True, help="the collector")
    parser.add_argument("--home", type=Path, required=True, help="that of sample.py")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))  # noqa: TID251 (a program's entry reads its environment)

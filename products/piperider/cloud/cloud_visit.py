"""A visit to PipeRider Cloud on this machine: a real Chromium, in which somebody accepts.

Where no Chromium is installed nobody visits, and this says so. What is uploaded is a count of the
files of this directory. Good to see the website at work, and what the demo reports of this machine.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import uvicorn
from cloud_app import application

HERE = Path(__file__).parent
# The browser is driven as the tests drive it; the demo runs out of a checkout.
TESTS = HERE.parents[2] / "server" / "tests"
BANNER = "document.querySelector('glasshouse-banner')"
NAME = "demo"
PASSWORD = "only on this machine"  # noqa: S105 (of a site that ends with the visit)
EXAMPLE = """
Example:
  python cloud_visit.py --endpoint http://127.0.0.1:8090
"""


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Exit code: 0."""
    options = _parser().parse_args(arguments)
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        print(
            "cloud_visit: no Chromium is here, so nobody visits (tools/chromium.sh)",
            file=sys.stderr,
        )
        return 0
    with site(options.endpoint, environment) as address, opened_tab() as tab:
        visit(tab, address)
    return 0


def visit(tab: Any, address: str) -> None:
    """Everything that is counted, once."""
    tab.open(f"{address}/login")
    if tab.value("typeof glasshouse === 'undefined'"):
        return  # switched off: the page has no tracker
    choose(tab, "all")
    log_in(tab, NAME, PASSWORD)
    for title in ("today", "again"):
        upload(tab, title, run_of_this_directory())
        tab.open(f"{address}/")
    tab.open(f"{address}/reports/1")
    submit(tab, "/reports/1/share", "today")
    tab.open(f"{address}/compare")
    submit(tab, "", "Compare")
    tab.open(f"{address}/trend?metric=rows")
    tab.open(f"{address}/feedback")
    submit(tab, "/logout", "Log in")
    tab.open("about:blank")
    tab.browser.settle(1.0)  # what a page says when it is left


def choose(tab: Any, name: str) -> None:
    """`all` or `necessary`, in the banner."""
    tab.wait(BANNER)
    tab.click(f"{BANNER}.shadowRoot.querySelector('button.{name}')")
    tab.wait(f"!{BANNER}")


def fill(tab: Any, name: str, text: str) -> None:
    tab.value(f"document.querySelector('[name={name}]').value = {json.dumps(text)}")


def submit(tab: Any, action: str, heading: str) -> None:
    """Until the page with that heading is there."""
    tab.value("window.before = true")  # the next page may have the same heading
    tab.click(f"form[action='{action}'] button" if action else "main form button")
    tab.wait(f"!window.before && document.querySelector('h1')?.textContent === '{heading}'")
    tab.browser.settle(0.3)


def log_in(tab: Any, name: str, password: str) -> None:
    fill(tab, "name", name)
    fill(tab, "password", password)
    submit(tab, "/login", "Reports")


def upload(tab: Any, title: str, run: str) -> None:
    fill(tab, "title", title)
    fill(tab, "run", run)
    submit(tab, "/reports", title)


def run_of_this_directory() -> str:
    """As PipeRider CLI writes it."""
    files = [path for path in HERE.iterdir() if path.is_file()]
    empty = sum(1 for path in files if path.stat().st_size == 0)
    table = {"name": "files", "rows": len(files), "columns": [{"name": "bytes", "nulls": empty}]}
    passed = [{"name": "some", "passed": bool(files)}]
    return json.dumps({"source": "sqlite", "tables": [table], "assertions": passed})


@contextmanager
def site(collector: str, environment: Mapping[str, str]) -> Iterator[str]:
    """The website for one account, as long as the block lasts: its address."""
    with tempfile.TemporaryDirectory() as state:
        app = application(collector, {NAME: PASSWORD}, {**environment, "XDG_STATE_HOME": state})
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        server.should_exit = True
        thread.join(20)


def opened_tab() -> AbstractContextManager[Any]:
    """A tab of a real Chromium."""
    sys.path[:0] = [str(TESTS / "browser"), str(TESTS / "tracker")]
    opened: AbstractContextManager[Any] = import_module("tabs").opened_tab()
    return opened  # only where there is a browser to drive


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--endpoint", required=True, help="the collector")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))  # noqa: TID251 (a program's entry reads its environment)

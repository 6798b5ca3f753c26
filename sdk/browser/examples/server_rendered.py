"""A console whose server renders every page, with the tracker and the banner behind its own relay.

    python server_rendered.py --collector http://127.0.0.1:8090 --port 8100

WSGI alone, so that it reads the same whichever framework you use.
"""

import argparse
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from typing import Any
from wsgiref.simple_server import make_server

from glasshouse_sdk.browser.relay import Relay
from glasshouse_sdk.browser.wsgi import RelayMiddleware

MANIFEST = Path(__file__).with_name("telemetry.toml")
POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; form-action 'self'"
NODES = ("db1.customer.example", "web7.customer.example")
STEPS = ("started", "server-connected", "first-node", "finished")

LAYOUT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title} · Sample Console</title>
<script src="/glasshouse/tracker.js" data-version="1.4.0" referrerpolicy="no-referrer" defer></script>
<script src="/glasshouse/banner.js" referrerpolicy="no-referrer" defer></script>
<script src="/console.js" defer></script>
</head>
<body>
<header><nav aria-label="Pages">
<a href="/">Overview</a> <a href="/nodes">Nodes</a> <a href="/setup/1">Set up</a>
<a href="/docs/start" data-glasshouse="help">Help</a>
</nav></header>
<main><h1>{title}</h1>{body}</main>
<footer><button type="button" data-glasshouse-consent>Privacy</button></footer>
</body>
</html>
"""

# What cannot be seen from a click or an address: one declared event, said by the page's own script.
SCRIPT = b"""
const step = document.querySelector("[data-step]")
if (step) window.glasshouse?.record("setup_step", { step: step.dataset.step })
"""


def page(title: str, body: str) -> bytes:
    return LAYOUT.format(title=escape(title), body=body).encode()


def rendered(path: str) -> bytes | None:
    """The page at a path."""
    first, _, rest = path.strip("/").partition("/")
    if not first:
        return page("Overview", '<button type="button" data-glasshouse="run">Run now</button>')
    if path == "/nodes":
        links = "".join(f'<li><a href="/nodes/{name}">{name}</a></li>' for name in NODES)
        add = '<a href="/nodes/new" data-glasshouse="add-node">Add a node</a>'
        return page("Nodes", f"<ul>{links}</ul><p>{add}</p>")
    if path == "/nodes/new":
        form = '<form><label>Name <input name="name"></label></form>'
        return page("New node", form)
    if first == "nodes" and rest:
        return page(rest, f"<p>The node {escape(rest)}.</p>")
    if first == "setup" and rest.isdecimal() and 1 <= int(rest) <= len(STEPS):
        number = int(rest)
        onward = f'<a href="/setup/{number + 1}">Next</a>' if number < len(STEPS) else "Done."
        return page(f"Step {number}", f'<p data-step="{STEPS[number - 1]}">{onward}</p>')
    return page("Help", "<p>Start here.</p>") if first == "docs" else None


def console(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path == "/console.js":
        start_response("200 OK", [("content-type", "text/javascript")])
        return [SCRIPT]
    body = rendered(path)
    headers = [("content-type", "text/html; charset=utf-8"), ("content-security-policy", POLICY)]
    start_response("200 OK" if body else "404 Not Found", headers)
    return [body or page("Not found", "")]


def application(collector: str) -> RelayMiddleware:
    return RelayMiddleware(console, Relay(MANIFEST, endpoint=collector))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--collector", default="http://127.0.0.1:8090", help="the collector")
    parser.add_argument("--port", type=int, default=8100)
    options = parser.parse_args()
    with make_server("127.0.0.1", options.port, application(options.collector)) as server:
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()

"""A console that is one page with a script, served over ASGI, with the tracker behind its relay.

    python single_page.py --script react --collector http://127.0.0.1:8090 --port 8101

`--script` is one of plain, react and vue: the same console three times, built by
`npm run examples` in sdk/browser. Needs uvicorn.
"""

import argparse
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import uvicorn

from glasshouse_sdk.browser.asgi import RelayMiddleware
from glasshouse_sdk.browser.relay import Relay

HERE = Path(__file__).parent
MANIFEST = HERE / "telemetry.toml"
SCRIPTS = ("plain", "react", "vue")
POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; form-action 'self'"

PAGE = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sample Console</title>
<script src="/glasshouse/tracker.js" data-version="1.4.0" referrerpolicy="no-referrer" defer></script>
<script src="/glasshouse/banner.js" referrerpolicy="no-referrer" defer></script>
<script src="/console.js" defer></script>
</head>
<body><div id="console"></div></body>
</html>
"""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Console:
    """Every path is the one page; the script reads the path."""

    def __init__(self, script: str) -> None:
        self._script = (HERE / "dist" / f"{script}.js").read_bytes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        is_script = scope["path"] == "/console.js"
        kind = b"text/javascript" if is_script else b"text/html; charset=utf-8"
        headers = [(b"content-type", kind), (b"content-security-policy", POLICY.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self._script if is_script else PAGE})


def application(script: str, collector: str) -> RelayMiddleware:
    return RelayMiddleware(Console(script), Relay(MANIFEST, endpoint=collector))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--script", choices=SCRIPTS, default="plain")
    parser.add_argument("--collector", default="http://127.0.0.1:8090", help="the collector")
    parser.add_argument("--port", type=int, default=8101)
    options = parser.parse_args()
    app = application(options.script, options.collector)
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", lifespan="off")


if __name__ == "__main__":
    main()

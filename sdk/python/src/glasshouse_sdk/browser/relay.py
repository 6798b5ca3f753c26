"""A relay in the product's own server, so that no browser talks to a foreign origin.

It serves the tracker with its configuration, takes what the tracker sends, and passes it on with
nothing of the visitor in it: no address, no cookie, no name of the browser; only a hash that tells
visits of one day apart. `wsgi.py` and `asgi.py` fit it to a server.

While the product's telemetry is off on this machine the tracker is an empty file and nothing is
passed on.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from glasshouse_sdk.browser.configuration import configuration, paths
from glasshouse_sdk.browser.files import BANNER, TRACKER, configured, integrity
from glasshouse_sdk.browser.forwarding import Forwarding
from glasshouse_sdk.browser.visits import Visits
from glasshouse_sdk.compiled import load_compiled
from glasshouse_sdk.consent import decide
from glasshouse_sdk.environment import process_environment
from glasshouse_sdk.state import State, default_directory
from glasshouse_sdk.surroundings import Surroundings

ITEMS = "items"
MOST_BODY = 65_536
OFF = b"/* Telemetry is off. */\n"
SCRIPT = "text/javascript; charset=utf-8"
PREFIX = re.compile(r"(/[\w.-]+)+\Z")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request below the relay's prefix; names of headers in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    peer: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Relay:
    """Answers what is asked below its prefix. Never raises into the host, never waits."""

    def __init__(
        self,
        manifest: str | os.PathLike[str] | dict[str, object],
        *,
        endpoint: str | None = None,
        key: str | None = None,
        prefix: str = "/glasshouse",
        environment: Mapping[str, str] | None = None,
        properties: Mapping[str, str] | None = None,
        state: str | os.PathLike[str] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`manifest`: the compiled one that the product ships, or TOML. `endpoint`: the collector,
        if not the manifest's. `key`: a write key, only for items that are to count apart
        (development, ci). `prefix`: where the product serves it. `environment`, `properties`,
        `state`: as for `Telemetry`, for the switches. Make it before workers are forked, so that
        they count visits together.

        Raises `ValueError` or `OSError` for a manifest or an address that cannot be used: a mistake
        of the build that shows at the first start.
        """
        self._compiled = compiled = load_compiled(manifest)
        self._configuration = configuration(compiled, ITEMS)
        address = endpoint or compiled["product"]["endpoint"]
        if not address:
            raise ValueError("found no endpoint; expected product.endpoint or endpoint=")
        if not PREFIX.match(prefix):
            raise ValueError(f"found the prefix {prefix!r}; expected one as '/glasshouse'")
        self.prefix = prefix + "/"
        self._key = key
        self._clock = clock
        environ = process_environment() if environment is None else environment
        self._surroundings = Surroundings(environ, properties=properties)
        slug = compiled["product"]["slug"]
        directory = state or default_directory(slug, environ, sys.platform)
        self._state = State(os.fspath(directory)) if directory else None
        self._channels = {compiled["items"][path]["channel"] for path in paths(compiled)}
        self._visits = Visits()
        self._forwarding = Forwarding(address, environ, self.is_off, self._visits, clock)

    def is_off(self) -> bool:
        """Whether this machine's switches say off for what pages send. Asking is the banner's."""
        try:
            states = decide(self._compiled, self._surroundings, self._state).states
        except Exception:  # noqa: BLE001 — what cannot be read or understood is off (rule 2)
            return True
        return any(states[channel] == "off" for channel in self._channels)

    def answer(self, asked: Asked) -> Answered:
        name = asked.path.removeprefix(self.prefix)
        if name in (TRACKER, BANNER) and asked.method in ("GET", "HEAD"):
            return self._file(name, asked)
        if name == ITEMS and asked.method == "POST":
            return self._take(asked)
        return Answered(405 if name in (TRACKER, BANNER, ITEMS) else 404, {})

    def _file(self, name: str, asked: Asked) -> Answered:
        headers = {
            "content-type": SCRIPT,
            "x-content-type-options": "nosniff",
            "cache-control": "private, max-age=300",
        }
        content = OFF if self.is_off() else configured(name, self._configuration)
        headers["etag"] = f'"{integrity(content)}"'
        if asked.headers.get("if-none-match") == headers["etag"]:
            return Answered(304, headers)
        return Answered(200, headers, b"" if asked.method == "HEAD" else content)

    def _take(self, asked: Asked) -> Answered:
        if asked.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return Answered(403, {})  # another site's page makes up items
        if len(asked.body) > MOST_BODY:
            return Answered(413, {})
        wants_none = "1" in (asked.headers.get("dnt"), asked.headers.get("sec-gpc"))
        if wants_none or self.is_off():
            return Answered(204, {})
        if self._forwarding.take(asked.body, self._passed_on(asked)):
            return Answered(204, {})
        return Answered(503, {"retry-after": "30"})

    def _passed_on(self, asked: Asked) -> dict[str, str]:
        today = self._clock().date()
        shown = (asked.peer, asked.headers.get("user-agent", ""))
        headers = {
            "Content-Type": "application/json",
            "Glasshouse-Visit": self._visits.name("", shown, today, today),
        }
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        return headers

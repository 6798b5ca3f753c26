"""Whether a collector can be reached from here, told step by step. Sends no item and no identity.

address   what the product sends to
proxy     the one that the environment names, if any
name      the look-up of the host that is connected to
connect   TCP
tls       the handshake, with the certificates that a sender would trust
answer    a GET of the path that items are posted to: any HTTP answer shows that the way is open
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from glasshouse_sdk.destination import Destination
from glasshouse_sdk.sender.exchange import USER_AGENT, connection_to, proxy_for
from glasshouse_sdk.wires import WIRES

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Step:
    """One step: whether it went well, what was found, and how long it took."""

    name: str
    is_well: bool
    found: str
    seconds: float = 0.0


def check_connection(
    destination: Destination, environ: Mapping[str, str], timeout: float
) -> Iterator[Step]:
    """The steps as they are taken; the first that fails is the last. `timeout` bounds each wait,
    but not the look-up of the name, which nothing can bound.
    """
    url = urlsplit(destination.endpoint)
    if url.scheme not in PORTS or not url.hostname:
        found = destination.endpoint or "no address"
        yield Step("address", False, f"{found}; expected one as https://telemetry.example.com")
        return
    yield Step("address", True, destination.endpoint)
    proxy = proxy_for(url, environ)
    yield Step("proxy", True, "none" if proxy is None else f"{proxy.hostname}:{proxy.port}")
    first = url if proxy is None else proxy
    host = first.hostname or ""
    port = first.port or PORTS.get(first.scheme, 80)
    started = time.monotonic()
    try:
        places = sorted({str(info[4][0]) for info in socket.getaddrinfo(host, port)})
    except (OSError, UnicodeError) as error:
        yield _failed("name", f"{host}: {_said(error)}", started)
        return
    yield _went_well("name", f"{host} is {', '.join(places)}", started)
    started = time.monotonic()
    try:
        socket.create_connection((host, port), timeout).close()
    except OSError as error:
        yield _failed("connect", f"{host}:{port}: {_said(error)}", started)
        return
    yield _went_well("connect", f"{host}:{port}", started)
    yield from _talk(destination, environ, timeout, url.scheme)


def _talk(
    destination: Destination, environ: Mapping[str, str], timeout: float, scheme: str
) -> Iterator[Step]:
    path = WIRES[destination.wire].path if destination.wire in WIRES else "/"
    headers = {"User-Agent": USER_AGENT, "Accept": "application/json", "Connection": "close"}
    started = time.monotonic()
    connection, target = connection_to(destination.endpoint, path, timeout, environ, headers)
    try:
        connection.connect()
        if scheme == "https":
            tls = connection.sock
            version = tls.version() if isinstance(tls, ssl.SSLSocket) else None
            yield _went_well("tls", version or "trusted", started)
            started = time.monotonic()
        connection.request("GET", target, headers=headers)
        response = connection.getresponse()
        response.read(1000)
    except ssl.SSLError as error:
        yield _failed("tls", _said(error), started)
        return
    except (OSError, http.client.HTTPException) as error:
        yield _failed("answer", _said(error), started)
        return
    finally:
        connection.close()
    kind = response.getheader("Content-Type", "no content type")
    found = f"HTTP {response.status}, {kind}"
    if response.status in (407, 511) or "html" in kind:
        yield _failed("answer", f"{found}: of a proxy or portal, not of a collector", started)
        return
    yield _went_well("answer", found, started)


def _said(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _went_well(name: str, found: str, started: float) -> Step:
    return Step(name, True, found, time.monotonic() - started)


def _failed(name: str, found: str, started: float) -> Step:
    return Step(name, False, found, time.monotonic() - started)

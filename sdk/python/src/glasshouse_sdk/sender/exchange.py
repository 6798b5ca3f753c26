"""One HTTP exchange: a request out, an answer in. Follows no redirect and keeps no connection.

Proxies and certificates come from the variables that administrators know: `HTTPS_PROXY`,
`HTTP_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`, `SSL_CERT_DIR`, `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`.
"""

from __future__ import annotations

import base64
import gzip
import http.client
import os
import ssl
import urllib.parse
import urllib.request
from collections.abc import Mapping
from email.utils import formatdate

from glasshouse_sdk import __version__
from glasshouse_sdk.wires import Answer, Request

USER_AGENT = f"glasshouse-sdk-python/{__version__}"
WORTH_COMPRESSING = 1024  # bytes
LONGEST_ANSWER = 4_000_000
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class ExchangeError(Exception):
    """No answer came; the text says at which step it failed."""


def exchange(
    endpoint: str,
    request: Request,
    *,
    headers: Mapping[str, str],
    compress: bool,
    now: float,
    timeout: float,
    environ: Mapping[str, str],
    method: str = "POST",
) -> Answer:
    """Post the request and read the answer. Raises `ExchangeError`.

    `timeout` bounds each wait; the total deadline is the process's own lifetime, because neither
    the name look-up nor an answer of one byte a second is bounded by any wait.
    """
    body, sent = request.body, _headers(request, headers, now)
    if compress and len(body) > WORTH_COMPRESSING:
        body = gzip.compress(body, compresslevel=1, mtime=0)
        sent["Content-Encoding"] = "gzip"
    try:
        connection, target = connection_to(endpoint, request.path, timeout, environ, sent)
    except (ValueError, OSError) as error:
        raise ExchangeError(f"cannot reach '{endpoint}': {error}") from None
    try:
        connection.request(method, target, body or None, sent)
        response = connection.getresponse()
        data = response.read(LONGEST_ANSWER)
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, data)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ExchangeError(f"{type(error).__name__}: {error}") from None
    finally:
        connection.close()


def _headers(request: Request, authority: Mapping[str, str], now: float) -> dict[str, str]:
    headers = {
        **request.headers,
        **authority,
        "User-Agent": USER_AGENT,
        "Accept": "application/json",
    }
    headers["Date"] = formatdate(now, usegmt=True)
    headers["Connection"] = "close"
    return headers


def connection_to(
    endpoint: str,
    path: str,
    timeout: float,
    environ: Mapping[str, str],
    headers: dict[str, str],
) -> tuple[http.client.HTTPConnection, str]:
    """The connection and what to ask it for, which through a proxy is a whole address."""
    url = urllib.parse.urlsplit(endpoint)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("expected an address as https://telemetry.example.com")
    target = url.path.rstrip("/") + path
    proxy = proxy_for(url, environ)
    if proxy is None:
        return _direct(url.scheme, url.hostname, url.port, timeout, environ), target
    via = _direct(proxy.scheme, proxy.hostname or "", proxy.port, timeout, environ)
    credentials = _proxy_authorization(proxy)
    if url.scheme == "http":
        headers.update(credentials)
        return via, endpoint.rstrip("/") + path
    tunnel = http.client.HTTPSConnection(
        proxy.hostname or "", proxy.port, timeout=timeout, context=_trust(environ)
    )
    tunnel.set_tunnel(url.hostname, url.port or 443, headers=credentials)
    return tunnel, target


def _direct(
    scheme: str, host: str, port: int | None, timeout: float, environ: Mapping[str, str]
) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=_trust(environ))
    return http.client.HTTPConnection(host, port, timeout=timeout)


def proxy_for(
    url: urllib.parse.SplitResult, environ: Mapping[str, str]
) -> urllib.parse.SplitResult | None:
    """The proxy for an address, from the variables in lower or upper case."""
    named = {
        name: environ.get(f"{name}_proxy") or environ.get(f"{name}_proxy".upper()) or ""
        for name in ("http", "https", "all", "no")
    }
    text = named.get(url.scheme) or named["all"]
    if not text:
        return None
    exceptions = {"no": named["no"]}
    if urllib.request.proxy_bypass_environment(url.netloc.rpartition("@")[2], exceptions):  # type: ignore[attr-defined]
        return None
    return urllib.parse.urlsplit(text if "://" in text else f"http://{text}")


def _proxy_authorization(proxy: urllib.parse.SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    user = urllib.parse.unquote(proxy.username)
    password = urllib.parse.unquote(proxy.password or "")
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Proxy-Authorization": f"Basic {token}"}


def _trust(environ: Mapping[str, str]) -> ssl.SSLContext:
    """The system's certificates (`SSL_CERT_FILE` and `_DIR` are OpenSSL's own), and bundles."""
    context = ssl.create_default_context()
    for name in BUNDLES:
        place = environ.get(name)
        if place and os.path.isdir(place):
            context.load_verify_locations(capath=place)
        elif place:
            context.load_verify_locations(cafile=place)
    return context

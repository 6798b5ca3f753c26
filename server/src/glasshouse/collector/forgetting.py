"""`/v1/forget`: an instance asks that everything of it be erased. See docs/decisions/0050.

    POST /v1/forget            a request, proven by a key that only the instance's machine can make
    GET  /v1/forget/REQUEST    what became of it, for whoever knows its random name

Nothing of an item comes this way, so it is no door: nothing is received, nothing is accounted.
"""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from glasshouse.collector.addresses import peer_of
from glasshouse.collector.desk import Desk
from glasshouse.collector.pace import Pace, TooFastError
from glasshouse.collector.proofs import TOKEN, ProofsUnavailableError

PATH = "/v1/forget"
PURPOSE = "glasshouse-proof/2"
NAME = re.compile(r"[0-9a-f]{32}\Z")
MOST_BYTES = 4096
BODY_SECONDS = 10.0
PEER_RATE = 2.0  # requests a second of one address; ten seconds' worth may come at once
PRODUCT_RATE = 20.0  # of one product, those that are noted: each is a sync
BUSY_SECONDS = 10


class ForgetRequests(Protocol):
    """Where requests are kept."""

    def ask(self, product: str, instance: str, request: str) -> Mapping[str, Any]:
        """Keep a request for good; its receipt. Raises `OSError`."""

    def receipt(self, request: str) -> Mapping[str, Any] | None:
        """What became of a request; None if there is none of this name."""


class Asked(msgspec.Struct, frozen=True):
    """The body of a request. `request` is a random name that the client gives it."""

    request: str
    product: str
    instance: str


class Refusal(Exception):  # noqa: N818 (it is an answer, not a mistake of ours)
    def __init__(self, status: int, reason: str, do: str, seconds: int | None = None) -> None:
        self.status = status
        self.headers = {} if seconds is None else {"retry-after": str(seconds)}
        self.body = {"error": {"reason": reason, "do": do}}
        super().__init__(reason)


def forget_app(desk: Desk, requests: ForgetRequests, pace: Pace) -> Starlette:
    """The routes. The sender's address is used for its pace alone."""

    def admit(request: Request) -> None:
        address = peer_of(request.scope.get("client"), dict(request.headers), desk.trusted_proxies)
        try:
            pace.admit_instance(address or "-", 1, PEER_RATE)
        except TooFastError as error:
            raise _later(429, error.seconds) from None

    async def ask(request: Request) -> Response:
        admit(request)
        asked = _asked(await _body(request))
        known = await asyncio.to_thread(requests.receipt, asked.request)
        if known is not None:  # the answer was lost on the way, and it is asked once more
            return _answer(known)
        instance = _proven(desk, asked, request.headers.get("glasshouse-forget", ""))
        try:
            pace.admit_product(asked.product, 1, PRODUCT_RATE)
            return _answer(
                await asyncio.to_thread(requests.ask, asked.product, instance, asked.request)
            )
        except TooFastError as error:
            raise _later(429, error.seconds) from None
        except OSError:
            raise _later(503, BUSY_SECONDS) from None

    async def look(request: Request) -> Response:
        admit(request)
        name = request.path_params["request"]
        known = await asyncio.to_thread(requests.receipt, name) if NAME.match(name) else None
        if known is None:
            raise Refusal(404, "unknown_request", "give the request's name as its receipt has it")
        return _answer(known)

    return Starlette(
        routes=[
            Route(PATH, _refusing(ask), methods=["POST"]),
            Route(PATH + "/{request}", _refusing(look), methods=["GET"]),
        ]
    )


def proof_of(key: str) -> str:
    """The proof that belongs to a key for forgetting: made from it, so the key proves more."""
    return hashlib.sha256(f"{PURPOSE}\0{key}".encode()).hexdigest()


def _proven(desk: Desk, asked: Asked, key: str) -> str:
    """The instance as it is stored, if the key is its own.

    Whatever is wrong, product, instance or key, the answer is the same: it tells nothing of what
    is here.
    """
    if not TOKEN.match(key):
        raise Refusal(400, "bad_shape", "send the header Glasshouse-Forget: 64 hex digits")
    product = desk.catalogue.product(asked.product)
    declarations = desk.declarations(product, None) if product is not None else None
    instance = declarations.clean["instance"](asked.instance) if declarations is not None else None
    try:
        is_proven = desk.proofs is not None and desk.proofs.proves(
            asked.product, instance or asked.instance, proof_of(key)
        )
    except ProofsUnavailableError:
        raise _later(503, BUSY_SECONDS) from None
    if instance is None or not is_proven:
        raise Refusal(
            403,
            "bad_proof",
            "this key opens nothing here; ask the vendor, who can look by other means",
        )
    return instance


def _asked(body: bytes) -> Asked:
    try:
        asked = msgspec.json.decode(body, type=Asked)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        asked = None
    if asked is None or not NAME.match(asked.request) or len(asked.instance) > 256:
        do = "send request (32 lower-case hex digits), product and instance as a JSON object"
        raise Refusal(400, "bad_shape", do)
    return asked


async def _body(request: Request) -> bytes:
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > MOST_BYTES:
                    raise Refusal(413, "too_large", f"send at most {MOST_BYTES} bytes")
    except (TimeoutError, ClientDisconnect):
        raise Refusal(408, "too_slow", "send the body at once") from None
    return body


def _later(status: int, seconds: int) -> Refusal:
    return Refusal(status, "busy", f"try again in {seconds} s", seconds)


def _answer(receipt: Mapping[str, Any]) -> Response:
    status = 202 if receipt["state"] == "pending" else 200
    return Response(
        msgspec.json.encode({"receipt": receipt}), status, media_type="application/json"
    )


def _refusing(
    handle: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return await handle(request)
        except Refusal as refusal:
            body = msgspec.json.encode(refusal.body)
            return Response(body, refusal.status, refusal.headers, media_type="application/json")

    return answer

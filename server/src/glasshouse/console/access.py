"""Who a request comes from, and whether it may do what it asks: the one gate of all endpoints.

A browser has a session's cookie, a script a token, a command on this machine the token of
server.json. While nobody has an account, whoever sits at this machine is its owner, if the server
listens on loopback alone.
"""

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from glasshouse.console.endpoints import right_for
from glasshouse.console.pace import ReaderPace
from glasshouse.people import Entered, Reader, Records, Register, Right, Way
from glasshouse.people.records import LONGEST_WHY
from glasshouse.people.rights import machine

COOKIE = "glasshouse_session"
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
WHY = "glasshouse-why"
LONGEST_FORM = 8192

Refused = Callable[[Request, Reader | None, Right], Response]
Answering = Callable[[Request, Reader], Response]
AsyncAnswering = Callable[[Request, Reader], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Access:
    """The rules. `open_on_loopback` is for a server that listens on loopback only; `openid_title`
    what people can sign in with beside a password, if anything; `pace` how often a reader may ask.
    """

    token: str
    register: Register
    records: Records
    open_on_loopback: bool = False
    openid_title: str = ""
    pace: ReaderPace | None = None

    def reader(self, request: Request) -> Reader | None:
        """Who asks; None for a stranger. What a request shows first is what counts."""
        why = request.headers.get(WHY, "")[:LONGEST_WHY]
        shown = request.headers.get("authorization")
        if shown is not None:
            found = self._by_header(shown)
        elif COOKIE in request.cookies:
            found = self.register.by_session(request.cookies[COOKIE]) or self._local(request)
        else:
            found = self._local(request)
        return replace(found, why=why) if found is not None else None

    def guarded(
        self, method: str, path: str, answer: Answering, refused: Refused
    ) -> Callable[[Request], Response]:
        """The endpoint for whoever has the right that its row names. Raises `KeyError` without."""
        right = right_for(method, path)

        def handler(request: Request) -> Response:
            reader = self.reader(request)
            if reader is None or not self._allows(request, method, path, reader, right):
                return refused(request, reader, right)
            return self._slower(request, reader) or answer(request, reader)

        return handler

    def guarded_async(
        self, method: str, path: str, answer: AsyncAnswering, refused: Refused
    ) -> Callable[[Request], Awaitable[Response]]:
        """The same, for an endpoint that reads a body."""
        right = right_for(method, path)

        async def handler(request: Request) -> Response:
            reader = await run_in_threadpool(self.reader, request)
            if reader is None or not self._allows(request, method, path, reader, right):
                return refused(request, reader, right)
            return self._slower(request, reader) or await answer(request, reader)

        return handler

    def _slower(self, request: Request, reader: Reader) -> Response | None:
        """What a reader is told who asks too often; None for who may ask."""
        if self.pace is None or reader.way in (Way.MACHINE, Way.LOCAL):
            return None
        seconds = self.pace.wait(reader.key or reader.name)
        return too_many(request, seconds) if seconds else None

    def _allows(
        self, request: Request, method: str, path: str, reader: Reader, right: Right
    ) -> bool:
        # A cookie, or a place, is shown by any page that leads a browser here: what changes or
        # reads through the interface takes a token, and a form the word that only our pages have.
        if path.startswith("/api/") and reader.way in (Way.SESSION, Way.LOCAL):
            return method == "GET" and right is Right.SEE and right in reader.rights
        return right in reader.rights

    def form_word(self, reader: Reader) -> str:
        """What a form of ours has to carry: nobody else's page can know it."""
        message = f"form {reader.way} {reader.key}".encode()
        return hmac.new(self.token.encode(), message, hashlib.sha256).hexdigest()

    async def form(
        self, request: Request, reader: Reader | None, longest: int = LONGEST_FORM
    ) -> dict[str, str] | None:
        """The fields of a form of ours; None if another site, or nobody's form, sent it."""
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > longest:
                return None
        fields = {n: v[-1] for n, v in parse_qs(body.decode(errors="replace")).items()}
        if not is_ours(request):
            return None
        if reader is not None:
            word = fields.get("word", "").encode()
            if not secrets.compare_digest(word, self.form_word(reader).encode()):
                return None
        return fields

    def start_session(self, request: Request, response: Response, entered: Entered) -> None:
        """Let the browser keep the session's secret."""
        response.set_cookie(
            COOKIE,
            entered.secret,
            expires=entered.until,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )

    def end_session(self, request: Request, response: Response) -> None:
        self.register.log_out(request.cookies.get(COOKIE, ""))
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")

    def _by_header(self, shown: str) -> Reader | None:
        scheme, _, credentials = shown.partition(" ")
        credentials = credentials.strip()
        if scheme.lower() != "bearer":
            return None
        if secrets.compare_digest(credentials.encode(), self.token.encode()):
            return machine()
        return self.register.by_token(credentials)

    def _local(self, request: Request) -> Reader | None:
        # A page of another site can let its own name point to 127.0.0.1 and so reach this server,
        # but the browser then sends that name.
        if not self.open_on_loopback or host_name(request) not in LOCAL_HOSTS:
            return None
        if not self.register.is_empty():
            return None
        return Reader("a browser on this machine", frozenset(Right) - {Right.OWN}, Way.LOCAL)


def too_many(request: Request, seconds: int) -> Response:
    """Come back later: JSON for programs, a line for people."""
    said = f"found too many requests; expected some pause: come back in {seconds} s"
    headers = {"retry-after": str(seconds)}
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": "too_many", "message": said}, 429, headers)
    return Response(f"{said}\n", 429, headers, media_type="text/plain")


def is_ours(request: Request) -> bool:
    """Whether a browser sent this from a page of this server; browsers say so, nobody else can."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    # A page that came without TLS is told from others by its origin alone.
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")


def refuse_as_json(_: Request, reader: Reader | None, right: Right) -> Response:
    """Of the interface: 401 for a stranger, 403 for who lacks the right."""
    if reader is None or (reader.way in (Way.SESSION, Way.LOCAL) and right in reader.rights):
        expected = "the header 'Authorization: Bearer TOKEN'"
        answer = JSONResponse(
            {"error": "no_access", "found": "no token that is known here", "expected": expected,
             "message": f"found no token that is known here; expected {expected}"},
            401,
        )  # fmt: skip
        answer.headers["www-authenticate"] = "Bearer"
        return answer
    message = f"found {reader.name} without the right '{right}'; ask an administrator for it"
    facts = {"error": "forbidden", "needs": right, "has": sorted(reader.rights)}
    return JSONResponse({**facts, "message": message}, 403)


def host_name(request: Request) -> str:
    """The name in the Host header, without its port."""
    host = request.headers.get("host", "").strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]

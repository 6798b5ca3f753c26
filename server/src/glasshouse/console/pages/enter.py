"""The way in: the token once, then a session cookie."""

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from glasshouse.console.access import Access
from glasshouse.console.templating import page

LONGEST_BODY = 4096


def entry(status: int, problem: str = "") -> Response:
    """The page that asks for the token."""
    return page("enter", status, problem=problem)


class Enter:
    """`GET /enter?token=…` from a link, `POST /enter` from the page's own form."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def __call__(self, request: Request) -> Response:
        token = request.query_params.get("token", "")
        if request.method == "POST":
            token = await _posted_token(request)
        elif not token:
            return entry(200)
        if not self._access.is_token(token.strip()):
            return entry(403, "This is not the token of this server.")
        response = RedirectResponse("/", 303)
        self._access.start_session(request, response)
        return response


async def _posted_token(request: Request) -> str:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            return ""
    fields = parse_qs(body.decode(errors="replace"))
    return fields.get("token", [""])[0]

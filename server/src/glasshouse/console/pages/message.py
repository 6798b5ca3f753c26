"""Pages that say why there is no other, and what to do."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from glasshouse.console.templating import page
from glasshouse.console.words import say


def message(
    status: int, title: str, text: str = "", advice: str = "", error: Exception | None = None
) -> Response:
    """`error` says in English what was found and expected, as the interface does."""
    return page("message", status, title=title, text=text, advice=advice, error=error)


def no_product(error: Exception) -> Response:
    """For a product that is not there; the error says which there are."""
    return message(404, say("message.no_product"), error=error)


def foreign_form() -> Response:
    """For a form that another site sent, or nobody's."""
    return message(403, say("message.not_from_here"), say("message.foreign_form"))


def not_found(request: Request, _error: Exception) -> Response:
    """For an address that leads nowhere."""
    if request.url.path.startswith("/api/"):
        return JSONResponse(
            {"error": "no_such_address", "found": request.url.path[:256],
             "expected": "an address that /openapi.json lists",
             "message": "found nothing at this address; /openapi.json lists what there is"},
            404,
        )  # fmt: skip
    return message(
        404, say("message.no_page"), say("message.nothing_here"), say("message.products_lead")
    )


def wrong_method(request: Request, error: Exception) -> Response:
    """For a method that an address does not know."""
    assert isinstance(error, HTTPException)  # noqa: S101 (registered for this type only)
    allowed = (error.headers or {}).get("Allow", "")
    said = f"found {request.method}; expected {allowed}"
    facts = {"error": "wrong_method", "found": request.method, "expected": allowed, "message": said}
    return JSONResponse(facts, error.status_code, headers=error.headers)


def broken(request: Request, _error: Exception) -> Response:
    """For a fault of ours. What went wrong is in the server's log, not on the page."""
    if request.url.path.startswith("/api/"):
        return JSONResponse(
            {"error": "fault", "message": "a fault of this server; its log says where"}, 500
        )
    return message(
        500,
        say("message.broken"),
        say("message.broken_text"),
        say("message.broken_advice"),
    )


def busy(request: Request, _error: Exception) -> Response:
    """Where the state that all processes share cannot be changed now, or others just changed it."""
    again = {"retry-after": "5"}
    if request.url.path.startswith("/api/"):
        said = "others changed this just now, or NATS does not answer; try again"
        return JSONResponse({"error": "busy", "message": said}, 503, headers=again)
    answer = message(
        503,
        say("message.busy"),
        say("message.busy_text"),
        say("message.busy_advice"),
    )
    answer.headers.update(again)
    return answer

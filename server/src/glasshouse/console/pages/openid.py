"""To an OpenID provider and back: `/enter/openid`, `/enter/openid/back`."""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from glasshouse.console.access import Access
from glasshouse.console.openid import BACK, SECONDS, OpenId, OpenIdError
from glasshouse.console.pages.enter import entry
from glasshouse.console.pages.message import message
from glasshouse.console.templating import page
from glasshouse.console.words import say
from glasshouse.people import Identities, PersonError, Role

COOKIE = "glasshouse_signing_in"


@dataclass(frozen=True, slots=True)
class SigningIn:
    """A provider, who is who there, and the role of who was never here before; None: refused."""

    openid: OpenId
    identities: Identities
    newcomers: Role | None


class OpenIdPages:
    """Both addresses. Without a provider in the settings they say so."""

    def __init__(self, access: Access, signing_in: SigningIn | None) -> None:
        self._access = access
        self._signing_in = signing_in

    def begin(self, request: Request) -> Response:
        if self._signing_in is None:
            return _none()
        try:
            address, kept = self._signing_in.openid.begin(
                request.query_params.get("link", "")[:100]
            )
        except OpenIdError as error:
            return self._refused(str(error))
        response = RedirectResponse(address, 303)
        response.set_cookie(
            COOKIE,
            kept,
            max_age=SECONDS,
            path=BACK,
            httponly=True,
            # The way back comes from another site, with which nothing stricter is sent.
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response

    async def back(self, request: Request) -> Response:
        response = await run_in_threadpool(self._back, request)
        response.delete_cookie(COOKIE, path=BACK, httponly=True, samesite="lax")
        return response

    def _back(self, request: Request) -> Response:
        known = self._signing_in
        if known is None:
            return _none()
        try:
            answered = dict(request.query_params)
            told, link = known.openid.finish(answered, request.cookies.get(COOKIE, ""))
            person = known.identities.enter(told, link, known.newcomers)
        except (OpenIdError, PersonError) as error:
            return self._refused(str(error))
        # Not a redirection: the session's cookie is strict, and a browser that still follows the
        # other site's lead would not show it.
        response = page("entered", name=person.name)
        response.headers["refresh"] = "0; url=/"
        self._access.start_session(
            request, response, self._access.register.begin_session(person.name)
        )
        return response

    def _refused(self, problem: str) -> Response:
        return entry(403, f"{problem[:1].upper()}{problem[1:]}.", openid=self._access.openid_title)


def _none() -> Response:
    return message(
        404, say("message.no_openid"), say("message.no_openid_text"), say("message.see_enter")
    )

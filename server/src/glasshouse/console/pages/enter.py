"""The way in: a name and a password, or a one-time link that makes them."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from glasshouse.console.access import Access
from glasshouse.console.templating import page
from glasshouse.console.words import say
from glasshouse.people import Entered, PersonError, Reader, Way
from glasshouse.people.register import SHORTEST_PASSWORD


def entry(
    status: int,
    problem: str = "",
    *,
    link: str = "",
    name: str = "",
    role: str = "",
    openid: str = "",
) -> Response:
    """The page that asks who comes; `openid` is the title of a provider that knows them, too."""
    return page(
        "enter",
        status,
        problem=problem,
        link=link,
        name=name,
        role=role,
        shortest=SHORTEST_PASSWORD,
        openid=openid,
    )


class Enter:
    """`GET /enter`, `GET /enter?link=…` from a one-time link, `POST /enter` from either's form."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._openid = access.openid_title

    async def __call__(self, request: Request) -> Response:
        if request.method == "POST":
            return await self._post(request)
        secret = request.query_params.get("link", "")
        if not secret:
            return self._entry(200)
        return await run_in_threadpool(self._linked, secret)

    def _linked(self, secret: str, problem: str = "", status: int = 200) -> Response:
        """The form of a link. Looking at it does not use it up: programs look at links, too."""
        try:
            link = self._access.register.link(secret)
        except PersonError as error:
            return self._entry(429, str(error))
        if link is None:
            return self._entry(403, say("enter.link_over"))
        return entry(
            status,
            problem,
            link=secret,
            name=link.name or "",
            role=link.role.value,
            openid=self._openid,
        )

    def _entry(self, status: int, problem: str = "") -> Response:
        return entry(status, problem, openid=self._openid)

    async def _post(self, request: Request) -> Response:
        fields = await self._access.form(request, None)
        if fields is None:
            return self._entry(403, say("message.foreign_form"))
        secret = fields.get("link", "")
        try:
            entered = await run_in_threadpool(self._enter, fields)
        except PersonError as error:
            if secret:
                return await run_in_threadpool(self._linked, secret, str(error), 422)
            return self._entry(429 if "too many" in str(error) else 403, f"{error}.".capitalize())
        response = RedirectResponse("/", 303)
        self._access.start_session(request, response, entered)
        return response

    def _enter(self, fields: dict[str, str]) -> Entered:
        name, password = fields.get("name", ""), fields.get("password", "")
        register = self._access.register
        if not fields.get("link"):
            return register.log_in(name, password)
        with self._access.records.together():
            person = register.accept(fields["link"], name, password)
            reader = Reader(person.name, frozenset(), Way.SESSION, person.name)
            self._access.records.change(
                reader,
                "password set by a link",
                person.name,
                role=person.role.value,
                raw=person.raw,
            )
        return register.begin_session(person.name)

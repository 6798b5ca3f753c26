"""One's own account: what one may, tokens, logging out; and from there to people and the logs."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from glasshouse.console.access import Access
from glasshouse.console.pages.message import foreign_form
from glasshouse.console.people_api import MakeToken, make_token, remove_token
from glasshouse.console.templating import page
from glasshouse.console.words import say
from glasshouse.people import PersonError, Reader, Right, Way
from glasshouse.people.register import SCOPES
from glasshouse.people.rights import RIGHT_WORDS


class AccountPage:
    """`/account`"""

    def __init__(self, access: Access) -> None:
        self._access = access

    def show(
        self, _: Request, reader: Reader, problem: str = "", token: str = "", status: int = 200
    ) -> Response:
        register = self._access.register
        return page(
            "account",
            status,
            reader=reader,
            word=self._access.form_word(reader),
            words=RIGHT_WORDS,
            scopes=[scope for scope in SCOPES if scope in reader.rights],
            tokens=register.tokens(reader.person) if reader.person else (),
            may_have_tokens=bool(reader.person) and Right.OWN in reader.rights,
            logged_in=reader.way is Way.SESSION,
            problem=problem,
            token=token,
        )

    async def post(self, request: Request, reader: Reader) -> Response:
        fields = await self._access.form(request, reader)
        if fields is None:
            return foreign_form()
        if fields.get("act") == "leave":
            response = RedirectResponse("/enter", 303)
            await run_in_threadpool(self._access.end_session, request, response)
            return response
        return await run_in_threadpool(self._tokens, request, reader, fields)

    def _tokens(self, request: Request, reader: Reader, fields: dict[str, str]) -> Response:
        if Right.OWN not in reader.rights:
            return self.show(request, reader, say("account.no_tokens"), status=403)
        access = self._access
        try:
            if fields.get("act") == "remove":
                remove_token(access.register, access.records, reader, fields.get("id", ""))
                return RedirectResponse("/account", 303)
            scopes = [right for right in SCOPES if f"scope-{right}" in fields]
            days = int(fields.get("days", "")) if fields.get("days", "").isdecimal() else 0
            asked = MakeToken(fields.get("title", ""), scopes, min(days, 10_000))
            made = make_token(access.register, access.records, reader, asked)
        except PersonError as error:
            return self.show(request, reader, str(error), status=422)
        return self.show(request, reader, token=made["token"])

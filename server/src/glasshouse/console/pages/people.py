"""Who has an account, with which role and access; one-time links for others."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from glasshouse.console.access import Access
from glasshouse.console.pages.message import foreign_form
from glasshouse.console.people_api import (
    ChangePerson,
    Invite,
    change_person,
    invite,
    remove_person,
)
from glasshouse.console.templating import page
from glasshouse.people import PersonError, Reader, Role
from glasshouse.people.register import LINK_HOURS


class PeoplePage:
    """`/people`"""

    def __init__(self, access: Access) -> None:
        self._access = access

    def show(
        self, request: Request, reader: Reader, problem: str = "", link: str = "", status: int = 200
    ) -> Response:
        return page(
            "people",
            status,
            people=self._access.register.people(),
            roles=list(Role),
            word=self._access.form_word(reader),
            problem=problem,
            link=f"{request.base_url}{link.removeprefix('/')}" if link else "",
            hours=LINK_HOURS,
        )

    async def post(self, request: Request, reader: Reader) -> Response:
        fields = await self._access.form(request, reader)
        if fields is None:
            return foreign_form()
        return await run_in_threadpool(self._act, request, reader, fields)

    def _act(self, request: Request, reader: Reader, fields: dict[str, str]) -> Response:
        register, records = self._access.register, self._access.records
        name, raw = fields.get("name", ""), "raw" in fields
        try:
            role = Role(fields.get("role") or Role.VIEWER)
            if fields.get("act") == "invite":
                made = invite(register, records, reader, Invite(role, raw, name or None))
                return self.show(request, reader, link=made["link"])
            if fields.get("act") == "remove":
                remove_person(register, records, reader, name)
            else:
                change_person(register, records, reader, name, ChangePerson(role, raw))
        except (PersonError, ValueError) as error:
            return self.show(request, reader, str(error), status=422)
        return RedirectResponse("/people", 303)

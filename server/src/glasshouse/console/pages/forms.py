"""Pages with forms: what a form asks for is done and on record, or the page says why not."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from glasshouse.console.access import Access
from glasshouse.console.pages.message import foreign_form, no_product
from glasshouse.console.templating import page
from glasshouse.console.words import say
from glasshouse.insight import UnknownProductError
from glasshouse.office import OfficeError
from glasshouse.people import PersonError, Reader

Fields = Mapping[str, str]
Act = Callable[[Request, Reader, Fields], Mapping[str, Any] | Response | None]
"""What it gives is shown once, on the page itself; None leads back to the page. Raises
`OfficeError`, `PersonError` or `ValueError` with what was wrong, in words."""
Facts = Callable[[Request, Reader], Mapping[str, Any]]
LONGEST = 256 * 1024


class WithForms(Protocol):
    """A page that is shown, and whose forms come back to it."""

    @property
    def show(self) -> Callable[..., Response]: ...

    @property
    def post(self) -> Callable[[Request, Reader], Awaitable[Response]]: ...


class FormPage:
    """A page of one template. Its forms name in `act` which of `acts` they ask for."""

    def __init__(
        self, access: Access, template: str, facts: Facts, acts: Mapping[str, Act]
    ) -> None:
        self._access = access
        self._template = template
        self._facts = facts
        self._acts = acts

    def show(
        self,
        request: Request,
        reader: Reader,
        problem: str = "",
        told: Mapping[str, Any] | None = None,
    ) -> Response:
        try:
            facts = self._facts(request, reader)
        except UnknownProductError as error:
            return no_product(error)
        return page(
            self._template,
            422 if problem else 200,
            reader=reader,
            word=self._access.form_word(reader),
            problem=problem,
            told=told or {},
            **facts,
        )

    async def post(self, request: Request, reader: Reader) -> Response:
        fields = await self._access.form(request, reader, LONGEST)
        if fields is None:
            return foreign_form()
        return await run_in_threadpool(self._act, request, reader, fields)

    def _act(self, request: Request, reader: Reader, fields: Fields) -> Response:
        act = self._acts.get(fields.get("act", ""))
        if act is None:
            return self.show(request, reader, say("message.no_form"))
        try:
            told = act(request, reader, fields)
        except (OfficeError, PersonError, ValueError) as error:
            return self.show(request, reader, f"{str(error)[:1].upper()}{str(error)[1:]}")
        if isinstance(told, Response):
            return told
        if told is not None:
            return self.show(request, reader, told=told)
        return RedirectResponse(request.url.path, 303)

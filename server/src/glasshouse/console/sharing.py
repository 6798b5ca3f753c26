"""One page with its state, for whoever holds a link to it: who reads then, and where it leads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from glasshouse.console import formats
from glasshouse.console.access import Access, too_many
from glasshouse.console.endpoints import right_for
from glasshouse.console.pages.message import message
from glasshouse.console.templating import SHARED
from glasshouse.console.words import say
from glasshouse.insight import QuestionError
from glasshouse.insight.reading import Reading
from glasshouse.office import OfficeError, Share, Shares
from glasshouse.office.shares import LONGEST_ADDRESS
from glasshouse.people import Reader, Right, Way

Page = Callable[[Request], Response]


@dataclass(frozen=True, slots=True)
class Place:
    """A page that can be shared, and what its path names."""

    made: Callable[[Reading], Page]
    params: Mapping[str, str]


class Sharing:
    """`pages`: by path, those over a reading alone. Only what the right `see` opens is shared."""

    def __init__(
        self,
        access: Access,
        shares: Shares,
        reading: Callable[[Reader], Reading],
        pages: Mapping[str, Callable[[Reading], Page]],
    ) -> None:
        self._access = access
        self._shares = shares
        self._reading = reading
        self._routes = [
            (Route(path, _nowhere), made)
            for path, made in pages.items()
            if right_for("GET", path) is Right.SEE
        ]

    def address(self, text: str, reader: Reader) -> str:
        """Path and query of a page that can be shared. Raises `OfficeError`."""
        try:
            parts = urlsplit(text.strip())
        except ValueError:
            parts = urlsplit("")
        address = parts.path + (f"?{parts.query}" if parts.query else "")
        if len(address) > LONGEST_ADDRESS or not address.isascii() or not address.isprintable():
            raise OfficeError(f"address: expected at most {LONGEST_ADDRESS} plain characters")
        place = self._place(address)
        if place is None:
            raise OfficeError(
                f"address: found '{address[:80]}'; expected that of a product's page, such as "
                "/products/SLUG?period=30d"
            )
        try:
            self._reading(reader).product(place.params["slug"])
        except QuestionError as error:
            raise OfficeError(f"address: {error}") from None
        return address

    def open(self, request: Request) -> Response:
        """`GET /shared/{secret}`: without an account, without a cookie."""
        share = self._shares.by_secret(request.path_params["secret"])
        reader = self._reader(share) if share else None
        place = self._place(share.address) if share else None
        if share is None or reader is None or place is None:
            return message(
                404,
                say("message.link_over"),
                say("message.link_over_text"),
                say("message.link_over_advice"),
            )
        pace = self._access.pace
        if pace is not None and (seconds := pace.wait(f"link {share.id}")):
            return too_many(request, seconds)
        self._shares.note_opened(share)
        shown = SHARED.set(_says(share))
        try:
            return place.made(self._reading(reader))(_asked(request, share.address, place))
        except QuestionError as error:
            return message(404, say("message.page_over"), error=error)
        finally:
            SHARED.reset(shown)

    def _reader(self, share: Share) -> Reader | None:
        """At most what the maker has now; None if that is not enough for the link."""
        person = self._access.register.person(share.person)
        if person is None or (share.raw and not person.raw):
            return None
        rights = {Right.SEE} | ({Right.RAW} if share.raw else set())
        name = f"{person.name}, link {share.id}"
        return Reader(name, frozenset(rights), Way.LINK, person.name)

    def _place(self, address: str) -> Place | None:
        scope = {"type": "http", "method": "GET", "path": address.partition("?")[0]}
        for route, made in self._routes:
            match, found = route.matches(scope)
            if match is Match.FULL and address.startswith("/products/"):
                return Place(made, found["path_params"])
        return None


def _asked(request: Request, address: str, place: Place) -> Request:
    """As if the page itself had been asked for."""
    path, _, query = address.partition("?")
    scope = {
        **request.scope,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "path_params": dict(place.params),
        "headers": [],
    }
    return Request(scope)


def _says(share: Share) -> str:
    key = "shares.shared_raw" if share.raw else "shares.shared"
    return say(key, person=share.person, until=formats.day(share.until))


def _nowhere(_: Request) -> Response:
    """A route is only matched here; nobody is led to it."""
    return Response(status_code=404)

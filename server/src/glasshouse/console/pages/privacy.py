"""`/privacy`: the privacy desk: erase and export what is held of somebody, and what was done."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from glasshouse.console.access import Access
from glasshouse.console.beside import Beside
from glasshouse.console.pages.forms import Act, Fields, FormPage
from glasshouse.console.words import say
from glasshouse.insight import Insight
from glasshouse.office import OfficeError
from glasshouse.people import Reader

NEWEST = 50
INSTANCE = "instance"


class PrivacyPage:
    """What is typed here to find somebody is not kept: records name the product and the kind."""

    def __init__(self, access: Access, insight: Insight, beside: Beside) -> None:
        self._insight = insight
        self._beside = beside
        forms: Mapping[str, Act] = {"erase": self._erase, "export": self._export}
        self._page = FormPage(access, "privacy", self._facts, forms)
        self.show = self._page.show
        self.post = self._page.post

    def _facts(self, _: Request, __: Reader) -> Mapping[str, Any]:
        products = list(self._insight.products())
        kinds = {INSTANCE: None, **{k: None for p in products for k in p.manifest.identities}}
        return {
            "products": products,
            "kinds": list(kinds),
            "erasures": _states(self._beside.erasures()),
            "forgotten": self._beside.forgotten(),
            "suppressed": {p.slug: self._insight.books(p).suppressed for p in products},
        }

    def _erase(self, _: Request, reader: Reader, fields: Fields) -> Mapping[str, Any]:
        asked = self._identity(fields)
        if fields.get("sure", "").strip() != asked["product"]:
            raise OfficeError(say("privacy.not_sure"))
        return {"receipt": self._beside.erase(asked, reader)}

    def _export(self, _: Request, reader: Reader, fields: Fields) -> Response:
        lines = self._beside.export(self._identity(fields), reader)
        headers = {"content-disposition": 'attachment; filename="export.ndjson"'}
        return StreamingResponse(
            _started(lines), headers=headers, media_type="application/x-ndjson"
        )

    def _identity(self, fields: Fields) -> dict[str, str]:
        names = ("product", "kind", "identity")
        asked = {name: fields.get(name, "").strip() for name in names}
        if not all(asked.values()):
            raise OfficeError(say("privacy.nothing_typed"))
        manifest = self._insight.product(asked["product"]).manifest
        kinds = {INSTANCE, *manifest.identities}
        if asked["kind"] not in kinds:
            known = ", ".join(sorted(kinds))
            raise OfficeError(say("privacy.wrong_kind", found=asked["kind"][:40], kinds=known))
        return asked


def _started(lines: Iterator[str]) -> Iterator[str]:
    """With the first line made: what is wrong is said on the page, and no file breaks off."""
    return chain([next(lines)], lines)


def _states(entries: Any) -> list[dict[str, Any]]:
    """Every erasure once, as far as it is, the newest first."""
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        found[entry["name"]] = {**found.get(entry["name"], {}), **entry}
    return list(reversed(found.values()))[:NEWEST]

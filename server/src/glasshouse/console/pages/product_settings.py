"""`/products/{slug}/settings`: keys, what clients are told, small groups, publishing, releases."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from starlette.requests import Request

from glasshouse.catalogue import Product
from glasshouse.console.access import Access
from glasshouse.console.beside import Beside
from glasshouse.console.office_acts import OfficeActs, PutRelease
from glasshouse.console.pages.forms import Fields, FormPage
from glasshouse.console.pages.navigation import navigation
from glasshouse.console.words import say
from glasshouse.insight import Insight
from glasshouse.insight.publishing import EXPECTED
from glasshouse.office import OfficeError
from glasshouse.people import Reader


class ProductSettingsPage:
    """Each form changes what its fields name, and nothing else."""

    def __init__(self, access: Access, insight: Insight, acts: OfficeActs, beside: Beside) -> None:
        self._insight = insight
        self._acts = acts
        self._beside = beside
        forms = {
            "collection": self._collection,
            "release": self._release,
            "rates": self._rates,
            "groups": self._groups,
            "publish": self._publish,
            "put": self._put,
            "remove": self._remove,
        }
        self._page = FormPage(access, "settings", self._facts, forms)
        self.show = self._page.show
        self.post = self._page.post

    def _facts(self, request: Request, reader: Reader) -> Mapping[str, Any]:
        product = self._product(request)
        manifest = product.manifest
        return {
            "product": product,
            "manifest": manifest,
            "nav": navigation(product, reader, "settings"),
            "settings": product.settings,
            "keep": [
                (item.path, item.keep or manifest.product.keep) for item in manifest.items.values()
            ],
            "releases": self._beside.office.releases.of(product.slug),
            "publishable": EXPECTED,
            "today": self._insight.now().date(),
        }

    def _product(self, request: Request) -> Product:
        """Raises `UnknownProductError`."""
        return self._insight.product(request.path_params["slug"])

    def _change(self, request: Request, reader: Reader, changes: Mapping[str, Any]) -> None:
        self._beside.change_product(self._product(request).slug, changes, reader)

    def _collection(self, request: Request, reader: Reader, fields: Fields) -> None:
        paths = fields.get("allow", "").split()
        self._change(request, reader, {"ended": "ended" in fields, "allow": paths or None})

    def _release(self, request: Request, reader: Reader, fields: Fields) -> None:
        facts = {name: fields.get(name, "").strip() for name in ("version", "link", "message")}
        self._change(request, reader, {"release": facts if facts["version"] else None})

    def _rates(self, request: Request, reader: Reader, fields: Fields) -> None:
        names = ("rate", "instance_rate")
        self._change(request, reader, {n: _number(n, fields.get(n, "")) for n in names})

    def _groups(self, request: Request, reader: Reader, fields: Fields) -> None:
        names = ("smallest_group", "smallest_organizations")
        self._change(request, reader, {n: _whole(n, fields.get(n, "")) for n in names})

    def _publish(self, request: Request, reader: Reader, fields: Fields) -> None:
        lines = [line.strip() for line in fields.get("publish", "").splitlines() if line.strip()]
        group = _whole("publish_group", fields.get("publish_group", ""))
        self._change(request, reader, {"publish": lines, "publish_group": group})

    def _put(self, request: Request, reader: Reader, fields: Fields) -> None:
        try:
            day = date.fromisoformat(fields.get("day", ""))
        except ValueError:
            raise OfficeError(say("settings.no_day")) from None
        slug = self._product(request).slug
        note = fields.get("note", "")
        self._acts.put_release(reader, PutRelease(slug, fields.get("version", ""), day, note))

    def _remove(self, request: Request, reader: Reader, fields: Fields) -> None:
        self._acts.remove_release(reader, self._product(request).slug, fields.get("version", ""))


def _number(name: str, text: str) -> float | None:
    try:
        return float(text) if text.strip() else None
    except ValueError:
        raise OfficeError(say("settings.no_number", name=name, found=text[:20])) from None


def _whole(name: str, text: str) -> int:
    if not text.strip().isdecimal() or len(text) > 6:
        raise OfficeError(say("settings.no_whole", name=name, found=text[:20]))
    return int(text)

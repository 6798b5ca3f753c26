"""`/alerts`: saved advisories, and who is told when they concern somebody else."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from starlette.requests import Request

from glasshouse.console.access import Access
from glasshouse.console.beside import Beside
from glasshouse.console.office_acts import AddAlert, OfficeActs, SaveAdvisory
from glasshouse.console.pages.forms import Fields, FormPage
from glasshouse.insight import Insight
from glasshouse.office import OfficeError
from glasshouse.office.alerts import Medium
from glasshouse.people import Reader

OTHERS = {
    "version_adoption": "a version that was not there",
    "geography": "a country that was not there",
}


class AlertsPage:
    """Both forms and both tables of the page."""

    def __init__(self, access: Access, insight: Insight, acts: OfficeActs, beside: Beside) -> None:
        self._insight = insight
        self._acts = acts
        self._beside = beside
        self._page = FormPage(
            access,
            "alerts",
            self._facts,
            {
                "save": self._save,
                "remove-advisory": self._remove_advisory,
                "add": self._add,
                "try": self._try,
                "remove": self._remove,
                "import": self._import,
            },
        )
        self.show = self._page.show
        self.post = self._page.post

    def _facts(self, _: Request, reader: Reader) -> Mapping[str, Any]:
        office = self._beside.office
        products = list(self._insight.products())
        names = {product.slug: product.manifest.product.name for product in products}
        return {
            "names": names,
            "advisories": [one for slug in names for one in office.advisories.of(slug)],
            "alerts": office.alerts.all(),
            "contacts": {slug: office.contacts.count(slug) for slug in names},
            "others": OTHERS,
            "may_raw": reader.raw and bool(reader.person),
            "today": self._insight.now().date(),
        }

    def _save(self, _: Request, reader: Reader, fields: Fields) -> None:
        text = fields.get("affected", "").strip()
        is_record = text.startswith("{")
        asked = SaveAdvisory(
            product=fields.get("product", ""),
            name=fields.get("name", ""),
            title=fields.get("title", ""),
            affected="" if is_record else text,
            osv=text if is_record else "",
            disclosed=_day(fields.get("disclosed", "")),
            fix=fields.get("fix", ""),
        )
        self._acts.save_advisory(reader, asked)

    def _remove_advisory(self, _: Request, reader: Reader, fields: Fields) -> None:
        self._acts.remove_advisory(reader, fields.get("product", ""), fields.get("name", ""))

    def _add(self, _: Request, reader: Reader, fields: Fields) -> Mapping[str, Any]:
        product, _colon, about = fields.get("about", "").partition(":")
        question = about if about in OTHERS else ""
        way = Medium.WEBHOOK if fields.get("way") == Medium.WEBHOOK else Medium.EMAIL
        asked = AddAlert(
            product=product,
            to=fields.get("to", ""),
            way=way,
            advisory="" if question else about,
            question=question,
            words={"by": ["week"]} if question == "version_adoption" else {},
            raw="raw" in fields,
        )
        made = self._acts.add_alert(reader, asked)
        secret = self._beside.webhook_secret(made.id) if way is Medium.WEBHOOK else ""
        return {"added": made, "secret": secret}

    def _try(self, _: Request, __: Reader, fields: Fields) -> Mapping[str, Any]:
        alert = self._beside.office.alerts.one(fields.get("id", ""))
        problem = self._beside.try_alert(alert)
        if problem:
            raise OfficeError(f"the trial was not delivered: {problem}")
        return {"tried": alert}

    def _remove(self, _: Request, reader: Reader, fields: Fields) -> None:
        self._acts.remove_alert(reader, fields.get("id", ""))

    def _import(self, _: Request, reader: Reader, fields: Fields) -> Mapping[str, Any]:
        text = fields.get("csv", "")
        return {"imported": self._acts.import_contacts(reader, fields.get("product", ""), text)}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise OfficeError(
            f"disclosed: found '{text[:20]}'; expected a day such as 2026-01-31"
        ) from None

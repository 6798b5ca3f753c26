"""`/alerts`: saved advisories, and who is told when they concern somebody else."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from starlette.requests import Request

from glasshouse.console.access import Access
from glasshouse.console.beside import Beside
from glasshouse.console.office_acts import AddAlert, OfficeActs, SaveAdvisory
from glasshouse.console.pages.forms import Fields, FormPage
from glasshouse.console.words import say
from glasshouse.insight import Insight
from glasshouse.office import OfficeError
from glasshouse.office.alerts import Medium
from glasshouse.people import Reader

ADVISORY = ("product", "name", "title", "affected", "disclosed", "fix")
"""What the form of an advisory asks, and what an address that leads to it may say already."""
OTHERS = ("version_adoption", "geography")
"""What else is watched: of the news of these questions."""


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

    def _facts(self, request: Request, reader: Reader) -> Mapping[str, Any]:
        office = self._beside.office
        products = list(self._insight.products())
        names = {product.slug: product.manifest.product.name for product in products}
        return {
            "names": names,
            "advisories": [one for slug in names for one in office.advisories.of(slug)],
            "alerts": office.alerts.all(),
            "contacts": {slug: office.contacts.count(slug) for slug in names},
            "others": {question: say(f"news.{question}") for question in OTHERS},
            "may_raw": reader.raw and bool(reader.person),
            "today": self._insight.now().date(),
            "proposed": {name: request.query_params.get(name, "") for name in ADVISORY},
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
            raise OfficeError(say("alerts.not_delivered", problem=problem))
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
        raise OfficeError(say("alerts.no_day", found=text[:20])) from None

"""The saved advisories of a product on its page of advisories; and the way to save what it asks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from glasshouse.catalogue import Product
from glasshouse.console.office_acts import LONGEST_AFFECTED
from glasshouse.console.pages.page_address import PageAddress
from glasshouse.insight import QuestionError
from glasshouse.insight.affected import Affected, affected_of_osv, affected_of_range
from glasshouse.insight.reading import Reading
from glasshouse.office import Advisories, SavedAdvisory
from glasshouse.office.advisories import LONGEST_TITLE, NAME
from glasshouse.people import Right, Way


@dataclass(frozen=True, slots=True)
class Offered:
    """A saved advisory, the page that asks about it, and whether it is this one."""

    advisory: SavedAdvisory
    address: str
    chosen: bool


class SavedAdvisories:
    """What the page shows beside its questions; nothing of it to the holder of a share link."""

    def __init__(self, advisories: Advisories) -> None:
        self._advisories = advisories

    def __call__(
        self, reading: Reading, product: Product, address: PageAddress
    ) -> Mapping[str, Any]:
        if reading.reader.way is Way.LINK:
            return {"saved": (), "save": ""}
        asked = _asked(address)
        saved = [_offered(each, address, asked) for each in self._advisories.of(product.slug)]
        may = Right.CHANGE in reading.reader.rights
        known = any(each.chosen for each in saved)
        return {
            "saved": saved,
            "save": _to_save(product, address, asked) if may and asked and not known else "",
        }


def _asked(address: PageAddress) -> Affected | None:
    """What the page asks about; None for nothing, or for what cannot be asked."""
    text, record = address.state.get("affected", ""), address.state.get("osv", "")
    if bool(text) is bool(record):
        return None
    try:
        if day := address.state.get("disclosed"):
            date.fromisoformat(day)
        return affected_of_range(text) if text else affected_of_osv(record)
    except (QuestionError, ValueError):
        return None


def _offered(saved: SavedAdvisory, address: PageAddress, asked: Affected | None) -> Offered:
    day = saved.disclosed.isoformat()
    return Offered(
        saved,
        address.to(affected=saved.affected, disclosed=day, osv=None),
        asked is not None
        and str(asked) == saved.affected
        and _disclosed(address, asked) in ("", day),
    )


def _disclosed(address: PageAddress, asked: Affected) -> str:
    """The day that the page says, or else the record."""
    told = asked.disclosed.isoformat() if asked.disclosed else ""
    return address.state.get("disclosed", told)


def _to_save(product: Product, address: PageAddress, asked: Affected) -> str:
    """The form that saves an advisory, filled in; empty for a range too long to be saved."""
    if len(str(asked)) > LONGEST_AFFECTED:
        return ""
    words = {
        "product": product.slug,
        **_named(address.state.get("osv", "")),
        "affected": str(asked),
        "disclosed": _disclosed(address, asked),
    }
    return f"/alerts?{urlencode(words)}#save"


def _named(record: str) -> dict[str, str]:
    """Name and title out of an OSV record that could be read, where it has usable ones."""
    document = json.loads(record) if record else {}
    name, title = document.get("id"), document.get("summary")
    return {
        "name": name if isinstance(name, str) and NAME.fullmatch(name) else "",
        "title": title[:LONGEST_TITLE] if isinstance(title, str) else "",
    }

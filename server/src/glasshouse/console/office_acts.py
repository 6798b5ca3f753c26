"""What people set down here, each act and its record in one transaction; for pages and scripts."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from glasshouse.insight import Insight, QuestionError
from glasshouse.insight.affected import affected_of_osv, affected_of_range
from glasshouse.insight.news import WATCHED
from glasshouse.office import Alert, Office, OfficeError
from glasshouse.office.alerts import Medium
from glasshouse.office.contacts import contacts_of
from glasshouse.people import Reader, Records

LONGEST_AFFECTED = 2048
Text = Annotated[str, msgspec.Meta(max_length=2048)]


class SaveAdvisory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An advisory to keep: a range of versions or an OSV record, and what to do about it."""

    product: Text
    name: Text
    title: Text = ""
    affected: Text = ""
    osv: Annotated[str, msgspec.Meta(max_length=1 << 16)] = ""
    disclosed: date | None = None
    fix: Text = ""


class AddAlert(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tell somebody by `email` or `webhook`: of an advisory, or of another question's news."""

    product: Text
    to: Text
    way: Medium = Medium.EMAIL
    advisory: Text = ""
    question: Text = ""
    words: dict[str, list[str]] = {}
    raw: bool = False


class PutRelease(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A release of the product, which charts are annotated with."""

    product: Text
    version: Text
    day: date
    note: Text = ""


class OfficeActs:
    """Over one office. Everything raises `OfficeError` for what cannot be, and changes nothing."""

    def __init__(self, office: Office, insight: Insight, records: Records) -> None:
        self.office = office
        self._insight = insight
        self._records = records

    def save_advisory(self, reader: Reader, asked: SaveAdvisory) -> dict[str, Any]:
        self._need_product(asked.product)
        if bool(asked.affected) is bool(asked.osv):
            raise OfficeError("affected: expected one of 'affected' and 'osv'")
        try:
            found = affected_of_osv(asked.osv) if asked.osv else affected_of_range(asked.affected)
        except QuestionError as error:
            raise OfficeError(str(error)) from None
        if len(str(found)) > LONGEST_AFFECTED:
            raise OfficeError(
                f"osv: found more versions than {LONGEST_AFFECTED} characters hold; give 'affected'"
            )
        if not str(found).isprintable():
            raise OfficeError("affected: found what cannot be printed in it; expected versions")
        disclosed = asked.disclosed or found.disclosed or self._insight.now().date()
        if not date(1970, 3, 1) <= disclosed <= self._insight.now().date():
            raise OfficeError(f"disclosed: found {disclosed}; expected a day that has been")
        with self._records.together():
            made = self.office.advisories.save(
                asked.product,
                asked.name,
                title=asked.title or asked.name,
                affected=str(found),
                disclosed=disclosed,
                fix=asked.fix,
                by=reader.name,
            )
            self._records.change(
                reader, "advisory saved", asked.product, name=made.name, affected=made.affected
            )
        return asdict(made)

    def remove_advisory(self, reader: Reader, product: str, name: str) -> dict[str, Any]:
        with self._records.together():
            self.office.advisories.remove(product, name)
            self._records.change(reader, "advisory removed", product, name=name)
        return {"removed": name}

    def add_alert(self, reader: Reader, asked: AddAlert) -> Alert:
        self._need_product(asked.product)
        if asked.raw and not (reader.raw and reader.person):
            raise OfficeError(
                "raw: found nobody with raw access; expected a person who has it, since an exact "
                "alert reads in his or her name"
            )
        question = self._watched(asked)
        to = _destination(asked.way, asked.to)
        with self._records.together():
            made = self.office.alerts.add(
                asked.product,
                question,
                {**asked.words, "product": [asked.product]},
                advisory=asked.advisory,
                raw=asked.raw,
                person=reader.person or reader.name,
                medium=asked.way,
                destination=to,
            )
            self._records.change(
                reader, "alert added", asked.product, alert=made.id, question=question,
                way=asked.way.value, raw=asked.raw,
            )  # fmt: skip
        return made

    def remove_alert(self, reader: Reader, name: str) -> dict[str, Any]:
        with self._records.together():
            product = self.office.alerts.one(name).product
            self.office.alerts.remove(name)
            self._records.change(reader, "alert removed", product, alert=name)
        return {"removed": name}

    def import_contacts(self, reader: Reader, product: str, text: str) -> dict[str, Any]:
        self._need_product(product)
        found = contacts_of(text)
        with self._records.together():
            number = self.office.contacts.replace(product, found)
            self._records.change(reader, "contacts imported", product, contacts=number)
        return {"product": product, "contacts": number}

    def put_release(self, reader: Reader, asked: PutRelease) -> dict[str, Any]:
        self._need_product(asked.product)
        with self._records.together():
            made = self.office.releases.put(asked.product, asked.version, asked.day, asked.note)
            self._records.change(
                reader, "release set down", asked.product, version=made.version, day=made.day
            )
        return asdict(made)

    def remove_release(self, reader: Reader, product: str, version: str) -> dict[str, Any]:
        with self._records.together():
            self.office.releases.remove(product, version)
            self._records.change(reader, "release removed", product, version=version)
        return {"removed": version}

    def _need_product(self, slug: str) -> None:
        try:
            self._insight.product(slug)
        except QuestionError as error:
            raise OfficeError(str(error), missing=True) from None

    def _watched(self, asked: AddAlert) -> str:
        """The question that is watched; asked once, so that a wrong one is told of now."""
        if bool(asked.advisory) is bool(asked.question):
            raise OfficeError("advisory: expected one of 'advisory' and 'question'")
        if asked.advisory:
            self.office.advisories.one(asked.product, asked.advisory)
            return "advisory"
        others = [name for name in WATCHED if not name.startswith("advisory")]
        if asked.question not in others:
            raise OfficeError(
                f"question: found '{asked.question[:40]}'; expected one of {', '.join(others)}"
            )
        ask = self._insight.ask if asked.raw else self._insight.ask_suppressed
        try:
            ask(asked.question, {**asked.words, "product": [asked.product]})
        except QuestionError as error:
            raise OfficeError(str(error)) from None
        return asked.question


def _destination(way: Medium, to: str) -> str:
    to = to.strip()
    if way is Medium.EMAIL:
        name, _, host = to.rpartition("@")
        if not name or not host or len(to) > 254 or not to.isprintable() or set(to) & set(" ,;<>"):
            raise OfficeError(f"to: found '{to[:80]}'; expected one mail address")
        return to
    try:
        parts = urlsplit(to)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        named = False
    if not named or parts.scheme not in ("http", "https") or not to.isprintable() or " " in to:
        raise OfficeError(f"to: found '{to[:80]}'; expected an address such as https://…")
    return to

"""Where the cells of an answer lead: a value narrows the page to it, a figure to what is behind."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from glasshouse.console import formats
from glasshouse.console.pages.page_address import PageAddress
from glasshouse.console.words import say
from glasshouse.insight import Answer
from glasshouse.insight.answer import Cell, Column
from glasshouse.insight.declared_field import DeclaredField
from glasshouse.insight.errors import QuestionError
from glasshouse.insight.pages import route_path
from glasshouse.insight.period import Period, Step
from glasshouse.insight.traits import BUILT_IN, find_trait
from glasshouse_sdk.manifest import Manifest

VERSIONS = ("from_version", "to_version", "newest")
PAGES = ("page", "next_page")
NOTHING: Mapping[str, str] = {
    "version": "cell.no_version",
    "country": "cell.no_country",
    "region": "cell.no_region",
    "organization": "cell.no_organization",
}
OF_SINGLE = {"organization": "organization", "instance": "instance"}
"""Columns whose values have a page of their own."""


@dataclass(frozen=True, slots=True)
class Linking:
    """For one page as one reader has it. Nothing `leads` anywhere for who has this page alone."""

    address: PageAddress
    manifest: Manifest
    raw: bool
    leads: bool = True

    def value(self, answer: Answer, column: Column, cell: Cell) -> tuple[str, str]:
        """Where a value leads, and what that does; two empty texts for nowhere."""
        if not self.leads or not isinstance(cell, str) or not cell:
            return "", ""
        if column.name in OF_SINGLE:
            if not self.raw:
                return "", ""
            page = OF_SINGLE[column.name]
            return self.address.to(page, id=cell), say(f"cell.open_{page}", value=cell)
        name = self.trait(answer, column)
        if not name or len(cell) > 256:
            return "", ""
        return (
            self.address.where_also(name, "=", cell).to(),
            say("cell.narrow", name=formats.trait(name), value=cell),
        )

    def trait(self, answer: Answer, column: Column) -> str:
        """The trait of instances that the values of a column are values of; empty for none."""
        if column.name in VERSIONS:
            return "version"
        if column.name in BUILT_IN:
            return column.name
        if column.name in PAGES:
            return route_path(self.manifest)
        name = answer.filters.get("field", "") if column.name in ("value", "feature") else (
            column.name if answer.question == "cross_tabulation" and column.dimension else ""
        )  # fmt: skip
        if not name:
            return ""
        try:
            trait = find_trait(self.manifest, name, "where")
        except QuestionError:
            return ""
        return trait.name if trait.field is None or _is_value(trait.field) else ""

    def behind(self, answer: Answer, start: date, *conditions: tuple[str, str]) -> str:
        """The list behind a figure of one step: instances, or without raw access versions.

        Empty where nothing leads anywhere.
        """
        if not self.leads:
            return ""
        whole = Period(start, start).widened(answer.step or Step.DAY)
        address = self.address
        for name, value in conditions:
            address = address.where_also(name, "=", value)
        return address.between(whole.first, whole.last, "instances" if self.raw else "versions")

    @property
    def missing(self) -> str:
        """A figure that is not there: withheld, or not known."""
        return say("cell.nothing") if self.raw else say("word.withheld")

    def nothing(self, column: Column) -> str:
        """What a cell says that is empty: withheld, or not known."""
        if column.dimension or column.type == "text":
            key = NOTHING.get(column.name.removeprefix("from_").removeprefix("to_"), "")
            return say(key) if key else ""
        return self.missing


def _is_value(field: DeclaredField) -> bool:
    """Whether what an answer lists of a field are its values, not ranges or months of them."""
    return not field.ranged and field.field.type != "time"

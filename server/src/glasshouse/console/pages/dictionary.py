"""The data dictionary: everything that a product may send, as its manifest declares it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from glasshouse.console.pages.field_use import field_uses
from glasshouse.console.pages.navigation import navigation
from glasshouse.console.templating import page
from glasshouse.insight.reading import Reading
from glasshouse_sdk.manifest import Field, Item, Manifest
from glasshouse_sdk.manifest.disclosure import (
    KIND_WORDS,
    MADE_WORDS,
    PLATFORM_WORDS,
    anonymised,
    example_text,
    type_words,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One field with the words that a reader looks for; inner fields of a group have its name."""

    name: str
    anchor: str
    field: Field
    type: str
    anonymised: str
    example: str
    owner: str
    words: str  # all of the above in lower case, to search in


class DictionaryPage:
    """`/products/{slug}/dictionary`, narrowed by `?search=…`."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def __call__(self, request: Request) -> Response:
        product = self._reading.product(request.path_params["slug"])
        manifest = product.manifest
        search = request.query_params.get("search", "")[:100].strip()
        found = [
            (item, kept)
            for item in manifest.items.values()
            if (kept := _matching(manifest, item, search.lower().split())) is not None
        ]
        return page(
            "dictionary",
            product=product,
            manifest=manifest,
            nav=navigation(product, self._reading.reader, "dictionary"),
            search=search,
            uses=field_uses(product, self._reading.reads_of(product)),
            items=found,
            fields=sum(len(entries) for _, entries in found),
            kind_words=KIND_WORDS,
            made_words=MADE_WORDS,
            platform_words=PLATFORM_WORDS,
        )


def _matching(manifest: Manifest, item: Item, terms: list[str]) -> list[Entry] | None:
    """The fields that hold every term; all of them if the item itself does; None if nothing."""
    entries = list(_entries(manifest, item, item.fields.values(), ""))
    about = f"{item.path} {item.text} {item.purpose} {manifest.purposes[item.purpose]}".lower()
    if all(term in about for term in terms):
        return entries
    return [e for e in entries if all(term in f"{e.words} {about}" for term in terms)] or None


def _entries(
    manifest: Manifest, item: Item, fields: Iterable[Field], prefix: str
) -> Iterator[Entry]:
    for field in fields:
        name = f"{prefix}{field.name}"
        owner = field.owner or item.owner or manifest.product.owner
        facts = (name, type_words(field), anonymised(field), _example(field), owner)
        yield Entry(
            name=name,
            anchor=f"{item.path}.{name}",
            field=field,
            type=facts[1],
            anonymised=facts[2],
            example=facts[3],
            owner=owner,
            words=" ".join((*facts, field.why)).lower(),
        )
        yield from _entries(manifest, item, field.fields.values(), f"{name}.")


def _example(field: Field) -> str:
    return "" if field.example is None else example_text(field.example)

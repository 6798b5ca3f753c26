"""What the current manifest has ended, for the clients of every release.

`ended` names the first release without an item or a field, or the first day. From that day on
nobody's is taken; before a release that is named, older clients' still is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from glasshouse.catalogue.renaming import current_names
from glasshouse.catalogue.version_order import version_key
from glasshouse_sdk.manifest import Item, Manifest


def has_ended(ended: str | None, version: str | None, today: str) -> bool:
    """Whether it is over for a client of this version on this day (YYYY-MM-DD)."""
    if ended is None:
        return False
    if _is_day(ended):
        return ended <= today
    return version is None or version_key(version) >= version_key(ended)


@dataclass(frozen=True, slots=True)
class Ending:
    """What is over of one item: all of it, or these of its fields, each with its end."""

    item: str | None
    fields: tuple[tuple[str, str], ...]


def endings(manifest: Manifest, current: Manifest) -> dict[str, Ending]:
    """By path, what the current manifest has ended of the items of one of any release."""
    found = {}
    for path, item in manifest.items.items():
        newer = current.items.get(path)
        if newer is not None:
            ending = Ending(newer.ended, tuple(_fields(item, newer, current)))
            if ending.item is not None or ending.fields:
                found[path] = ending
    return found


def _fields(item: Item, newer: Item, current: Manifest) -> Iterator[tuple[str, str]]:
    names = current_names(item, current)
    for name in item.fields:
        field = newer.fields.get(names.get(name, name))
        if field is not None and field.ended is not None:
            yield name, field.ended


def _is_day(text: str) -> bool:
    return len(text) == len("2027-06-30") and text[4] == text[7] == "-"

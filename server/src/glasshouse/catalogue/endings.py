"""What the current manifest has ended, for the clients of every release.

`ended` names the first release without an item or a field, or the first day. From that day on
nobody's is taken; before a release that is named, older clients' still is.
"""

from collections.abc import Iterator

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


def ended_item(item: Item, current: Manifest) -> str | None:
    """When the item ended, if it did."""
    newer = current.items.get(item.path)
    return newer.ended if newer is not None else None


def ended_fields(item: Item, current: Manifest) -> Iterator[tuple[str, str]]:
    """The fields of an item of any release that have ended, each with its end."""
    newer = current.items.get(item.path)
    if newer is None:
        return
    names = current_names(item, current)
    for name in item.fields:
        field = newer.fields.get(names.get(name, name))
        if field is not None and field.ended is not None:
            yield name, field.ended


def _is_day(text: str) -> bool:
    return len(text) == len("2027-06-30") and text[4] == text[7] == "-"

"""Fields that were renamed: older releases keep their names, the store and the questions have one.

The current manifest says what each of its fields was called before (`was`). What is stored of an
older manifest's items lies under the current names, whoever sends them and whenever.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from glasshouse_sdk.manifest import Field, Item, Manifest


def current_names(item: Item, current: Manifest) -> dict[str, str]:
    """What the fields of an older item are called now, as far as that is another name."""
    newer = current.items.get(item.path)
    if newer is None:
        return {}
    return {
        former: field.name
        for field in newer.fields.values()
        for former in field.was
        if former in item.fields and field.name not in item.fields
    }


def as_stored(manifest: Manifest, current: Manifest) -> Manifest:
    """The manifest with its fields under the names that the current one gives them."""
    items = {path: _as_stored(item, current) for path, item in manifest.items.items()}
    return replace(manifest, items=MappingProxyType(items))


def _as_stored(item: Item, current: Manifest) -> Item:
    names = current_names(item, current)
    if not names:
        return item
    newer = current.items[item.path].fields
    fields: Mapping[str, Field] = {
        names.get(name, name): replace(field, name=names[name], was=newer[names[name]].was)
        if name in names
        else field
        for name, field in item.fields.items()
    }
    return replace(item, fields=MappingProxyType(dict(fields)))


def as_sent(paths: tuple[str, ...], manifest: Manifest, current: Manifest) -> tuple[str, ...]:
    """Paths of current items and fields as a client of this manifest knows them."""
    former = {
        f"{item.path}.{now}": f"{item.path}.{before}"
        for item in manifest.items.values()
        for before, now in current_names(item, current).items()
    }
    return tuple(former.get(path, path) for path in paths)


def lost_names(older: Manifest, newer: Manifest) -> Iterator[tuple[str, str, str]]:
    """(place, former name, name) of what an older manifest had renamed and the newer forgets."""
    for path, item in older.items.items():
        after = newer.items.get(path)
        if after is None:
            continue
        for field in item.fields.values():
            known = after.fields.get(field.name)
            for former in field.was:
                heirs = [f for f in after.fields.values() if former in f.was]
                if former in after.fields or (known is not None and known not in heirs):
                    yield f"{path}.fields.{field.name}.was", former, field.name

"""What a new version of a manifest may not do to the ones before it.

A field that was renamed is the same field: its type stays, and its earlier names are kept.
"""

from collections.abc import Iterable, Iterator, Mapping

from glasshouse.catalogue.renaming import current_names, lost_names
from glasshouse_sdk.manifest import Field, Manifest, Problem


def clashes(older: Iterable[Manifest], newer: Manifest) -> Iterator[Problem]:
    """Fields whose type changed, so that the rows already stored would not fit it, and earlier
    names that are forgotten or given away.
    """
    for manifest in older:
        for place, former, name in lost_names(manifest, newer):
            yield Problem(
                place,
                f"no '{former}', which '{name}' was called before {manifest.digest[:19]}",
                f"was = ['{former}', …] on the field that it is now, and no field '{former}'",
            )
        for path, item in newer.items.items():
            before = manifest.items.get(path)
            if before is None:
                continue
            names = current_names(before, newer)
            fields = {names.get(name, name): field for name, field in before.fields.items()}
            yield from _changed(fields, item.fields, f"{path}.fields", manifest.digest)


def _changed(
    before: Mapping[str, Field], after: Mapping[str, Field], where: str, digest: str
) -> Iterator[Problem]:
    """What a field or a field of a group has become; one that is new, or gone, is fine."""
    for name, field in after.items():
        earlier = before.get(name)
        if earlier is None:
            continue
        place = f"{where}.{name}"
        if _shape(earlier) != _shape(field):
            yield Problem(
                f"{place}.type",
                f"'{field.type}', which was '{earlier.type}' in {digest[:19]}",
                "the type it had; a field of another type needs another name",
            )
        else:
            yield from _changed(earlier.fields, field.fields, f"{place}.fields", digest)


def _shape(field: Field) -> tuple[object, ...]:
    kind = "text" if field.type in ("enum", "version", "text") else field.type
    return (kind, field.of if field.type == "list" else None)

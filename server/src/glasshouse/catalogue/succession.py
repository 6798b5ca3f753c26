"""What a new version of a manifest may not do to the ones before it."""

from collections.abc import Iterable, Iterator, Mapping

from glasshouse_sdk.manifest import Field, Manifest, Problem


def clashes(older: Iterable[Manifest], newer: Manifest) -> Iterator[Problem]:
    """Fields whose type changed: the rows already stored under that name would not fit it."""
    for manifest in older:
        for path, item in newer.items.items():
            before = manifest.items.get(path)
            if before is None:
                continue
            yield from _changed(before.fields, item.fields, f"{path}.fields", manifest.digest)


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
    return (kind, field.of)

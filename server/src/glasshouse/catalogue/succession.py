"""What a new version of a manifest may not do to the ones before it."""

from collections.abc import Iterable, Iterator

from glasshouse_sdk.manifest import Field, Manifest, Problem


def clashes(older: Iterable[Manifest], newer: Manifest) -> Iterator[Problem]:
    """Fields whose type changed: the rows already stored under that name would not fit it."""
    for manifest in older:
        for path, item in newer.items.items():
            before = manifest.items.get(path)
            if before is None:
                continue
            for name, field in item.fields.items():
                earlier = before.fields.get(name)
                if earlier is not None and _shape(earlier) != _shape(field):
                    yield Problem(
                        f"{path}.fields.{name}.type",
                        f"'{field.type}', which was '{earlier.type}' in {manifest.digest[:19]}",
                        "the type it had; a field of another type needs another name",
                    )


def _shape(field: Field) -> tuple[object, ...]:
    kind = "text" if field.type in ("enum", "version", "text") else field.type
    return (kind, field.of, tuple((n, _shape(f)) for n, f in sorted(field.fields.items())))

"""What can be told of an instance: its version, country, organization, or a declared field's value.

A trait is SQL for rows of `instance` and `value`; where, by and across all go by it. In a period

- `version` is the last one that the instance named in it,
- `country` and `region` are the newest known,
- `organization` is the one that its newest item up to the period's end names that names any,
- a field of a snapshot has its newest value as of the period's end,
- a field of an event has every value that the instance sent in the period.

A list, a map or a group gives an instance several values.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from glasshouse.insight.declared_field import (
    DeclaredField,
    declared_fields,
    find_field,
    label_sql,
    quoted,
    values_sql,
)
from glasshouse.insight.errors import QuestionError, did_you_mean, one_of
from glasshouse.insight.queries import query_text
from glasshouse.store import ORGANIZATIONS, Store
from glasshouse_sdk.manifest import Manifest

PLACES = {"country": 1, "region": 2}
BUILT_IN = ("version", "country", "region", "organization")
NOTHING = "select cast(null as integer) as instance, cast(null as varchar) as value where false"
NOBODY = "select cast(null as integer) as instance, cast(null as integer) as organization where 1=0"


@dataclass(frozen=True, slots=True)
class Trait:
    """`field` is None for those that every product has."""

    name: str
    field: DeclaredField | None = None

    @property
    def title(self) -> str:
        return self.field.name if self.field else self.name.capitalize()


def find_trait(manifest: Manifest, name: str, where: str) -> Trait:
    """The trait of this name. Raises `QuestionError`, about the parameter `where`."""
    if name in BUILT_IN:
        if name == "organization":
            organization_identity(manifest)
        return Trait(name)
    try:
        field = find_field(manifest, name)
    except QuestionError as error:
        known = [*BUILT_IN, *(f.name for f in declared_fields(manifest))]
        hint = did_you_mean(name, known)
        more = f"{one_of(BUILT_IN)}, or a declared field: {error.expected}"
        raise QuestionError(where, error.found, more, hint) from None
    return Trait(field.path, field)


def trait_sql(store: Store, manifest: Manifest, trait: Trait, *, ranges: bool = False) -> str:
    """Rows of `instance` and `value` (text). `ranges`: numbers as the lower bound of their range.

    Parameters: product, origin, first, last, since, until.
    """
    if trait.field is not None:
        return _field_sql(store, manifest, trait.field, ranges=ranges)
    if trait.name == "version":
        return query_text("trait_version")
    if trait.name == "organization":
        return query_text("trait_organization").format(members=members_sql(store, manifest))
    return query_text("trait_place").format(part=PLACES[trait.name])


def _field_sql(store: Store, manifest: Manifest, field: DeclaredField, *, ranges: bool) -> str:
    try:
        table = store.item_table(manifest.product.slug, field.item.path)
    except KeyError:  # declared, and nothing of it loaded yet
        return NOTHING
    label = label_sql(field) if ranges else "element"
    names = {"table": table, "field": quoted(field.column.name), "label": label}
    return query_text(f"trait_{field.item.kind}").format(**names, values=values_sql(field))


def organization_identity(manifest: Manifest) -> str:
    """The identity that stands for an organization. Raises `QuestionError` if none does."""
    for name in ORGANIZATIONS:
        if any(name in item.identities for item in manifest.items.values()):
            return name
    raise QuestionError(
        "organization",
        f"that the manifest of '{manifest.product.slug}' names none with its items",
        f"items whose 'identities' hold {one_of(ORGANIZATIONS)}",
    )


def has_organizations(manifest: Manifest) -> bool:
    """Whether items say which organization they come from."""
    return any(n in i.identities for i in manifest.items.values() for n in ORGANIZATIONS)


def members_sql(store: Store, manifest: Manifest) -> str:
    """Rows of `instance` and `organization` (as the number of its id), at the period's end."""
    if not has_organizations(manifest):
        return NOBODY
    identity = organization_identity(manifest)
    rows = "".join(f" union all {each}" for each in _naming(store, manifest, identity))
    return query_text("members").format(kind=identity, rows=rows)


def _naming(store: Store, manifest: Manifest, identity: str) -> Iterator[str]:
    for item in manifest.items.values():
        if identity not in item.identities:
            continue
        try:
            table = store.item_table(manifest.product.slug, item.path)
        except KeyError:  # declared, and nothing of it loaded yet
            continue
        yield query_text("members_of").format(table=table, identity=quoted(identity))

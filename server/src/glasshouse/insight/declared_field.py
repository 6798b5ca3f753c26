"""A declared field found by the name a person gives it, and the SQL that reads its values."""

from collections.abc import Iterator
from dataclasses import dataclass

from glasshouse.insight.errors import QuestionError, did_you_mean, one_of
from glasshouse_sdk.manifest import Field, Item, Manifest

NUMBERS = ("integer", "number", "duration")


@dataclass(frozen=True, slots=True)
class DeclaredField:
    """A field of an item, or of a group of it (`outer` is the group then)."""

    item: Item
    field: Field
    outer: Field | None = None

    @property
    def name(self) -> str:
        return f"{self.outer.name}.{self.field.name}" if self.outer else self.field.name

    @property
    def path(self) -> str:
        return f"{self.item.path}.{self.name}"

    @property
    def former_names(self) -> tuple[str, ...]:
        """What the field was called before, alone and as a path."""
        was = () if self.outer else self.field.was
        return (*was, *(f"{self.item.path}.{name}" for name in was))

    @property
    def column(self) -> Field:
        """The field that has a column in the store's table."""
        return self.outer or self.field

    @property
    def single(self) -> bool:
        """Whether an item holds one value of it at most."""
        return self.outer is None and self.field.type not in ("list", "map")

    @property
    def few(self) -> bool:
        """Whether its declaration leaves it few different values, or few ranges of them."""
        return self.ranged or self.field.type in ("enum", "boolean", "time")

    @property
    def counted(self) -> bool:
        """Whether the values are whole numbers."""
        kind = self.field.of if self.field.type == "list" else self.field.type
        return self.field.anonymise == "length" or kind == "integer"

    @property
    def ranged(self) -> bool:
        """Whether the values are numbers, counted in ranges rather than one by one."""
        kind = self.field.of if self.field.type == "list" else self.field.type
        return self.field.anonymise == "length" or (
            kind in NUMBERS and self.field.anonymise != "bucket"
        )


def find_field(manifest: Manifest, name: str) -> DeclaredField:
    """The field that is meant by `deployment`, `snapshot.host.deployment` or `accounts.role`, or by
    a name that it had before.

    Raises `QuestionError` if there is none, or more than one.
    """
    known = list(declared_fields(manifest))
    found = (
        [f for f in known if f.path == name]
        or [f for f in known if f.name == name]
        or [f for f in known if name in f.former_names]
    )
    if len(found) == 1:
        return found[0]
    if found:
        raise QuestionError(
            "field", f"'{name}', which {len(found)} items declare", one_of(f.path for f in found)
        )
    names = [f.name for f in known] + [f.path for f in known]
    close = {candidate.lower(): candidate for candidate in names}
    raise QuestionError(
        "field",
        f"'{name}', which the manifest of '{manifest.product.slug}' does not declare",
        one_of(f.name for f in known[:12]) + (" and so on" if len(known) > 12 else ""),
        did_you_mean(name, close),
    )


def declared_fields(manifest: Manifest) -> Iterator[DeclaredField]:
    """Every field that has values of its own: those of groups too, but not the groups."""
    for item in manifest.items.values():
        for field in item.fields.values():
            if field.type != "group":
                yield DeclaredField(item, field)
            for inner in field.fields.values():
                if inner.type != "group":
                    yield DeclaredField(item, inner, field)


def quoted(name: str) -> str:
    """A name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def values_sql(declared: DeclaredField) -> str:
    """The list of values in the column called `value`: a list's elements, a map's keys.

    The type is said where a list or a group is taken apart: an engine may keep them as JSON.
    """
    field = declared.field
    of_one = {"list": "try_cast({0} as {1}[])", "map": "map_keys({0})"}.get(field.type, "[{0}]")
    if declared.outer is None:
        return of_one.format("value", _stored(field))
    of_one = of_one.replace("[{0}]", "[try_cast({0} as {1})]")
    inner = of_one.format(f"g.{quoted(field.name)}", _stored(field))
    return f"flatten(list_transform(value, lambda g: {inner}))"


def _stored(field: Field) -> str:
    """The type in which the store has a value of the field, or of its list."""
    if field.type != "list" and field.anonymise in _ANONYMISED:
        return _ANONYMISED[field.anonymise]
    kind = field.of or "text" if field.type == "list" else field.type
    return _STORED.get(kind, "varchar")


_STORED = {
    "integer": "bigint",
    "number": "double",
    "duration": "double",
    "boolean": "boolean",
    "time": "timestamp",
}
_ANONYMISED = {"length": "bigint", "bucket": "double"}


def label_sql(declared: DeclaredField) -> str:
    """What the value in the column called `element` counts as."""
    if declared.ranged:
        return _RANGE_SQL
    if declared.field.type == "time":
        return "strftime(element, '%Y-%m')"
    return "cast(element as varchar)"


# The greatest of 1, 2, 5, 10, 20, 50 … that is not above the value (mirrored below zero).
_MAGNITUDE = "pow(10, floor(log10(abs(cast(element as double)))))"
_RANGE_SQL = f"""case
        when element = 0 then 0.0
        else sign(element) * {_MAGNITUDE} * case
            when abs(element) >= 5 * {_MAGNITUDE} then 5
            when abs(element) >= 2 * {_MAGNITUDE} then 2
            else 1
        end
    end"""

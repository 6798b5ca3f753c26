"""What the table of an item holds, whatever the engine: declared, and widened ever after."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from glasshouse.store.column_types import Struct, declared_struct
from glasshouse.store.port import SchemaError
from glasshouse_sdk.manifest import Item


@dataclass(frozen=True, slots=True)
class ItemSchema:
    """What the fields and further identities of one item are."""

    product: str
    item: str  # path
    fields: Struct
    identities: tuple[str, ...]  # other than the instance
    former: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # earlier names of fields

    @classmethod
    def declared(cls, product: str, item: Item) -> Self:
        """As a manifest has it. Raises `SchemaError`."""
        return cls(
            product,
            item.path,
            declared_struct(item.fields),
            tuple(name for name in item.identities if name != "instance"),
            {name: declared.was for name, declared in item.fields.items() if declared.was},
        )

    @property
    def kind(self) -> str:
        return self.item.partition(".")[0]

    def lacks(self, newer: "ItemSchema") -> tuple[str, ...]:
        """The identities that a newer declaration has beyond these."""
        return tuple(name for name in newer.identities if name not in self.identities)


def check_names(items: Mapping[str, Item], known: Iterable[tuple[str, str]]) -> None:
    """Table names do not tell case apart; refuse what would share a table."""
    paths = {path for _, path in known} | set(items)
    lower: dict[str, str] = {}
    for path in sorted(paths):
        other = lower.setdefault(path.lower(), path)
        if other != path:
            raise SchemaError(
                f"found the items '{other}' and '{path}', expected names that differ in more than "
                "case: rename one of them in the manifest"
            )

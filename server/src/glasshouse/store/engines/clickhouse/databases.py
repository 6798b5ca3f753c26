"""What our databases are called, so that one server may hold several installations.

For an installation in the database `glasshouse`: `glasshouse` has the views for people,
`glasshouse_store` is what queries call `store`, and `glasshouse_PRODUCT` has a product's items.
"""

from dataclasses import dataclass

from glasshouse.store.engines.clickhouse.quoting import identifier


@dataclass(frozen=True, slots=True)
class Databases:
    """The names of one installation's."""

    name: str

    @property
    def people(self) -> str:
        """Where views over all products are."""
        return self.name

    @property
    def own(self) -> str:
        """What is called `store` in queries."""
        return f"{self.name}_store"

    def of_product(self, product: str) -> str:
        # A slug has no underscore, so that of the product `store` is not the store's own.
        return f"{self.name}_{product}_" if product == "store" else f"{self.name}_{product}"

    def own_table(self, table: str) -> str:
        """The quoted name of a table of the store's own."""
        return f"{identifier(self.own)}.{identifier(table)}"

    def table(self, product: str, table: str) -> str:
        """The quoted name of a table of a product."""
        return f"{identifier(self.of_product(product))}.{identifier(table)}"

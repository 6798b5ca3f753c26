"""The store's tables of what the catalogue declares: made and widened as it changes."""

from glasshouse.catalogue import Catalogue
from glasshouse.store import SchemaError, Store, Watch, unwatched


class DeclaredTables:
    """`problems` says for which products the store has no room, and why."""

    def __init__(self, store: Store, catalogue: Catalogue, watch: Watch = unwatched) -> None:
        self._store = store
        self._catalogue = catalogue
        self._watch = watch
        self._followed = -1  # a version of the catalogue
        self.problems: tuple[str, ...] = ()

    def follow(self) -> bool:
        """Make room for what is registered since the last time; whether anything was.

        Raises `StoreUnavailableError`, and does all of it again when it is called again.
        """
        version = self._catalogue.version  # read first: a change meanwhile is followed next time
        if version == self._followed:
            return False
        self._watch("follow")
        problems: list[str] = []
        for product in self._catalogue:
            try:
                for manifest in product.stored_manifests:
                    self._store.ensure(manifest)
            except SchemaError as error:
                problems.append(f"{product.slug}: {error}")
        self.problems = tuple(problems)
        self._followed = version
        return True

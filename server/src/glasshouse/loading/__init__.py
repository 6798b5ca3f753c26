"""From the journal to the store, exactly once."""

from glasshouse.loading.loader import Loaded, Loader
from glasshouse.loading.loads import Loads

__all__ = ["Loaded", "Loader", "Loads"]

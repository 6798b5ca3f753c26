"""From the journal to the store, exactly once."""

from glasshouse.loading.loader import Loaded, Loader

__all__ = ["Loaded", "Loader"]

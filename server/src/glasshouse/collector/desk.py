"""What the steps may consult: products, places, the clock. One desk serves all requests."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime

from glasshouse.catalogue import Catalogue, Product
from glasshouse.catalogue.endings import Ending, endings
from glasshouse.collector.declarations import Declarations, compile_declarations
from glasshouse.collector.pace import Pace
from glasshouse.collector.places import Places
from glasshouse.collector.proofs import Proofs
from glasshouse_sdk.browser.visits import Visits
from glasshouse_sdk.manifest import Manifest


class Desk:
    """Compiles each manifest once, however many requests ask for it."""

    def __init__(
        self,
        catalogue: Catalogue,
        places: Places,
        clock: Callable[[], datetime],
        server_key: bytes,
        trusted_proxies: tuple[str, ...] = (),
        *,
        proofs: Proofs | None = None,
        pace: Pace | None = None,
        new_id: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        """Without `proofs` no instance has to prove itself, without `pace` nobody is too fast.

        `new_id` makes ids for items whose format has none and whose clients never repeat.
        """
        self.catalogue = catalogue
        self.places = places
        self.clock = clock
        self.proofs = proofs
        self.pace = pace
        self.visits = Visits()
        self.new_id = new_id
        self.trusted_proxies = frozenset(trusted_proxies)
        self._server_key = server_key
        self._compiled: dict[str, Declarations] = {}
        self._endings: dict[tuple[str, str], dict[str, Ending]] = {}

    def declarations(self, product: Product, digest: str | None) -> Declarations | None:
        """The declarations of one of the product's manifests, the current one if none is named."""
        digest = digest or product.manifest.digest
        compiled = self._compiled.get(digest)
        if compiled is None:
            manifest = product.manifests.get(digest)
            if manifest is None:
                return None
            compiled = compile_declarations(manifest, self._server_key)
            self._compiled[digest] = compiled
        return compiled if digest in product.manifests else None

    def endings(self, product: Product, manifest: Manifest) -> Mapping[str, Ending]:
        """What the product has ended of the items of one of its manifests; mostly nothing."""
        between = (manifest.digest, product.manifest.digest)
        known = self._endings.get(between)
        if known is None:
            known = self._endings[between] = endings(manifest, product.manifest)
        return known

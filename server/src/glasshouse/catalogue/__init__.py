"""The manifests registered with this server, and the write keys that belong to them.

On disk: `catalogue/SLUG/product.json` and one `manifest-DIGEST12.toml` (`.json` if it was composed
of parts) for every digest that was ever registered, so that items of older releases still find
their declaration.
"""

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from glasshouse.catalogue.files import LocalFiles, SmallFiles, read_json
from glasshouse.catalogue.product_settings import ProductSettings, Release, SettingsError
from glasshouse.catalogue.renaming import as_stored
from glasshouse.catalogue.succession import clashes
from glasshouse.model import Origin
from glasshouse_sdk.manifest import Manifest, ManifestError, Problem, parse_manifest

__all__ = ["Catalogue", "Product", "ProductSettings", "Release", "SettingsError", "WriteKey"]

SETTINGS_FILE = "settings.json"


@dataclass(frozen=True, slots=True)
class WriteKey:
    """Lets its holder send items of one product; `origin` says what they count as."""

    key: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Product:
    """A registered product: its current manifest, the older ones, and its keys."""

    slug: str
    manifest: Manifest
    manifests: Mapping[str, Manifest]  # by digest, the current one included
    keys: tuple[WriteKey, ...]
    settings: ProductSettings = field(default_factory=ProductSettings)

    @property
    def stored_manifests(self) -> Iterator[Manifest]:
        """Every manifest with the names that its fields have in the store."""
        for manifest in self.manifests.values():
            yield as_stored(manifest, self.manifest)

    def key_for(self, origin: Origin) -> str:
        return next(key.key for key in self.keys if key.origin is origin)


class Catalogue:
    """The registered products. Small, read whole at start; every change is on disk when it returns.

    `version` grows with each change, so that what is derived from the catalogue knows its age.
    """

    def __init__(self, directory: Path, files: SmallFiles | None = None) -> None:
        """`files` writes in the directory, where several processes have the same."""
        self._directory = directory
        self._files = files or LocalFiles(directory)
        self._products: dict[str, Product] = {}
        self.version = 0
        directory.mkdir(parents=True, exist_ok=True)
        for path in sorted(directory.glob("*/product.json")):
            product = _read_product(path)
            self._products[product.slug] = product

    def __iter__(self) -> Iterator[Product]:
        return iter(tuple(self._products.values()))

    def __len__(self) -> int:
        return len(self._products)

    def product(self, slug: str) -> Product | None:
        return self._products.get(slug)

    def by_key(self, key: str) -> tuple[Product, Origin] | None:
        """The product that a write key belongs to, and what its items count as."""
        for product in self._products.values():
            for candidate in product.keys:
                if secrets.compare_digest(candidate.key.encode(), key.encode()):
                    return product, candidate.origin
        return None

    def by_door_key(self, door: str, name: str) -> Product | None:
        """The product whose manifest says that this door means it by `name`."""
        for product in self._products.values():
            mapping = product.manifest.doors.get(door)
            if mapping is not None and mapping.means(name):
                return product
        return None

    def by_door_item(self, door: str, name: str) -> Product | None:
        """The product whose manifest says that this door means an item of it by `name`."""
        for product in self._products.values():
            mapping = product.manifest.doors.get(door)
            if mapping is not None and name in mapping.items:
                return product
        return None

    def add(self, source: bytes) -> Product:
        """Register a manifest, or a new version of one. Raises `ManifestError`."""
        manifest = parse_manifest(source)
        slug = manifest.product.slug

        def make() -> dict[str, bytes]:
            product = self._with(manifest)
            return {
                f"{slug}/{_file_name(manifest.digest, source)}": source,
                f"{slug}/product.json": _encode(product),
            }

        self._files.change(make)
        return self._read(slug)

    def refresh(self, slugs: Iterable[str]) -> None:
        """Others have changed these products."""
        for slug in slugs:
            if (self._directory / slug / "product.json").exists():
                self._read(slug)

    def _with(self, manifest: Manifest) -> Product:
        """The product as this manifest makes it. Raises `ManifestError`."""
        slug = manifest.product.slug
        known = self._products.get(slug)
        problems = tuple(self._taken_door_keys(manifest))
        if known is not None:
            problems += tuple(clashes(known.manifests.values(), manifest))
        if problems:
            raise ManifestError(problems)
        keys = known.keys if known else tuple(_new_key(origin) for origin in Origin)
        older = dict(known.manifests) if known else {}
        settings = known.settings if known else ProductSettings()
        return Product(slug, manifest, {**older, manifest.digest: manifest}, keys, settings)

    def _read(self, slug: str) -> Product:
        product = _read_product(self._directory / slug / "product.json")
        self._products[slug] = product
        self.version += 1
        return product

    def changed(self, slug: str, changes: Mapping[str, Any]) -> ProductSettings:
        """What `change` would make of a product's settings. Raises `KeyError`, `SettingsError`."""
        known = self._products[slug]
        settings = known.settings.changed(changes)
        for path in settings.allow or ():
            if not any(
                path == item or path.startswith(f"{item}.") for item in known.manifest.items
            ):
                raise SettingsError(f"allow: found '{path[:80]}', which the manifest has not")
        return settings

    def change(self, slug: str, changes: Mapping[str, Any]) -> Product:
        """Change a product's settings. Raises `KeyError` or `SettingsError`."""

        def make() -> dict[str, bytes]:
            facts = self.changed(slug, changes).facts()
            return {f"{slug}/{SETTINGS_FILE}": json.dumps(facts, indent=1).encode() + b"\n"}

        self._files.change(make)
        return self._read(slug)

    def _taken_door_keys(self, manifest: Manifest) -> Iterator[Problem]:
        for door, mapping in manifest.doors.items():
            for word in filter(None, (mapping.key, *mapping.also)):
                other = self.by_door_key(door, word)
                if other is not None and other.slug != manifest.product.slug:
                    yield Problem(
                        f"doors.{door}.key",
                        f"'{word}', which means '{other.slug}' on this server",
                        "a key of its own for each product",
                    )


def _new_key(origin: Origin) -> WriteKey:
    prefix = {"production": "gh", "development": "ghdev", "ci": "ghci", "simulated": "ghsim"}
    return WriteKey(f"{prefix[origin]}_{secrets.token_hex(16)}", origin)


def _file_name(digest: str, source: bytes) -> str:
    ending = "json" if source.lstrip()[:1] == b"{" else "toml"
    return f"manifest-{digest.removeprefix('sha256:')[:12]}.{ending}"


def _source(home: Path, digest: str) -> bytes:
    composed = home / _file_name(digest, b"{")
    return (
        composed.read_bytes()
        if composed.exists()
        else (home / _file_name(digest, b"")).read_bytes()
    )


def _encode(product: Product) -> bytes:
    facts = {
        "slug": product.slug,
        "current": product.manifest.digest,
        "digests": list(product.manifests),
        "keys": [{"key": key.key, "origin": key.origin.value} for key in product.keys],
    }
    return json.dumps(facts, indent=1).encode() + b"\n"


def _read_product(path: Path) -> Product:
    facts = read_json(path)
    manifests = {
        digest: parse_manifest(_source(path.parent, digest)) for digest in facts["digests"]
    }
    keys = tuple(WriteKey(key["key"], Origin(key["origin"])) for key in facts["keys"])
    return Product(
        facts["slug"], manifests[facts["current"]], manifests, keys, _read_settings(path.parent)
    )


def _read_settings(home: Path) -> ProductSettings:
    path = home / SETTINGS_FILE
    return ProductSettings().changed(read_json(path)) if path.exists() else ProductSettings()

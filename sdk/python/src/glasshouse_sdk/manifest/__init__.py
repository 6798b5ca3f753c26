"""The manifest: read, checked, compiled and disclosed. Standard library only.

This is the one definition of what a manifest is; the server's catalogue builds on it too.
"""

from glasshouse_sdk.manifest.browser import Browser
from glasshouse_sdk.manifest.compiling import compile_manifest, compiled_text
from glasshouse_sdk.manifest.disclosure import disclosure
from glasshouse_sdk.manifest.model import (
    DoorMapping,
    Field,
    Identity,
    Item,
    Manifest,
    ManifestError,
    Problem,
    Product,
    Sending,
    Switch,
)
from glasshouse_sdk.manifest.parsing import parse_manifest, read_manifest
from glasshouse_sdk.manifest.schema import manifest_schema
from glasshouse_sdk.manifest.template import new_manifest

__all__ = [
    "Browser",
    "DoorMapping",
    "Field",
    "Identity",
    "Item",
    "Manifest",
    "ManifestError",
    "Problem",
    "Product",
    "Sending",
    "Switch",
    "compile_manifest",
    "compiled_text",
    "disclosure",
    "manifest_schema",
    "new_manifest",
    "parse_manifest",
    "read_manifest",
]

"""The manifest: read, checked, compiled and disclosed. Standard library only.

This is the one definition of what a manifest is; the server's catalogue builds on it too.
"""

from glasshouse_sdk.difference import Change, difference, difference_text, untold
from glasshouse_sdk.manifest.browser import Browser
from glasshouse_sdk.manifest.compiling import compile_manifest, compiled_text
from glasshouse_sdk.manifest.composing import compose
from glasshouse_sdk.manifest.disclosure import disclosure, installed, of_part
from glasshouse_sdk.manifest.lints import lints_of
from glasshouse_sdk.manifest.model import (
    DoorMapping,
    Field,
    Identity,
    Item,
    Manifest,
    ManifestError,
    Part,
    Problem,
    Product,
    Sending,
    Switch,
)
from glasshouse_sdk.manifest.parsing import parse_manifest, read_manifest
from glasshouse_sdk.manifest.schema import manifest_schema
from glasshouse_sdk.manifest.template import new_manifest
from glasshouse_sdk.versions import OTHER, plain_key, plain_version

__all__ = [
    "OTHER",
    "Browser",
    "Change",
    "DoorMapping",
    "Field",
    "Identity",
    "Item",
    "Manifest",
    "ManifestError",
    "Part",
    "Problem",
    "Product",
    "Sending",
    "Switch",
    "compile_manifest",
    "compiled_text",
    "compose",
    "difference",
    "difference_text",
    "disclosure",
    "installed",
    "lints_of",
    "manifest_schema",
    "new_manifest",
    "of_part",
    "parse_manifest",
    "plain_key",
    "plain_version",
    "read_manifest",
    "untold",
]

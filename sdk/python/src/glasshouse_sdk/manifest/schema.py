"""The JSON Schema of a manifest, made from the vocabulary."""

from collections.abc import Mapping
from typing import Any

from glasshouse_sdk.manifest import vocabulary
from glasshouse_sdk.manifest.browser import BROWSER
from glasshouse_sdk.manifest.reading import NAME, SLUG
from glasshouse_sdk.manifest.vocabulary import Key, Shape

SHAPES: Mapping[Shape, dict[str, Any]] = {
    "text": {"type": "string"},
    "slug": {"type": "string", "pattern": "^" + SLUG.pattern.removesuffix(r"\Z") + "$"},
    "name": {"type": "string", "pattern": "^" + NAME.pattern.removesuffix(r"\Z") + "$"},
    "choice": {"type": "string"},
    "texts": {"type": "array", "items": {"type": "string"}},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "texts-by-name": {"type": "object", "additionalProperties": {"type": "string"}},
    "one-or-more": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
    "any": {},
}
NAMES = {"pattern": SHAPES["name"]["pattern"]}


def manifest_schema() -> dict[str, Any]:
    """JSON Schema (2020-12). What holds across tables is checked by `rules.py` alone."""
    fields = {
        "type": "object",
        "propertyNames": NAMES,
        "additionalProperties": {"$ref": "#/$defs/field"},
    }
    field = _table(vocabulary.FIELD)
    field["properties"]["fields"] = fields
    item = _table(vocabulary.COMPOSED_ITEM)
    item["properties"]["fields"] = fields
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Glasshouse manifest",
        "description": "Everything a product may ever send, why, and how it is switched off.",
        "type": "object",
        "required": ["product"],
        "additionalProperties": False,
        "properties": {
            "product": _table(vocabulary.PRODUCT),
            "purpose": _tables(_table(vocabulary.PURPOSE), NAMES),
            "identity": _tables(_table(vocabulary.IDENTITY), {"enum": list(vocabulary.IDENTITIES)}),
            "switch": {"type": "array", "items": _table(vocabulary.SWITCH)},
            "promise": {"type": "array", "items": _table(vocabulary.PROMISE)},
            "snapshot": _tables({"$ref": "#/$defs/item"}, NAMES),
            "event": _tables({"$ref": "#/$defs/item"}, NAMES),
            "doors": _tables(_table(vocabulary.DOOR), {"enum": list(vocabulary.DOORS)}),
            "browser": _table(BROWSER),
            "part": _tables(_table(vocabulary.COMPOSED_PART), NAMES),
        },
        "$defs": {"item": item, "field": field},
    }


def _table(keys: Mapping[str, Key]) -> dict[str, Any]:
    properties = {}
    for name, key in keys.items():
        properties[name] = {**SHAPES[key.shape], "description": key.says}
        if key.values:
            properties[name]["enum"] = list(key.values)
        if key.default not in (None, (), ""):
            default = key.default
            properties[name]["default"] = list(default) if isinstance(default, tuple) else default
    return {
        "type": "object",
        "required": [name for name, key in keys.items() if key.required],
        "additionalProperties": False,
        "properties": properties,
    }


def _tables(table: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "propertyNames": names, "additionalProperties": table}

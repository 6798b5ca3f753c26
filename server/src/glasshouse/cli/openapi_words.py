"""The words in which the OpenAPI document is written: an operation, and schemas in short."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from glasshouse.console.errors import ERRORS

Schema = Mapping[str, Any]
TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer"}
CURSOR: Schema = {"type": ["string", "null"]}  # what `after` of a list takes
OBJECT: Schema = {"type": "object"}
ERROR: Schema = {"type": "object", "minProperties": 1}
TOKEN, WRITE_KEY = "token", "writeKey"


def object_of(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def list_of(items: Schema) -> Schema:
    return {"type": "array", "items": items}


@dataclass(frozen=True, slots=True)
class Operation:
    """What a method of a path does. `answers`: media type and schema by status."""

    says: str
    answers: Mapping[int, tuple[str, Schema]]
    body: Schema | None = None
    query: tuple[str, ...] = ()  # names of required parameters
    key: str | None = None


def json_of(schema: Schema) -> tuple[str, Schema]:
    return "application/json", schema


ERROR_SAYS = object_of(error={"enum": list(ERRORS)}, message=TEXT)
DENIED = {status: json_of(ERROR_SAYS) for status in (401, 403, 429)}
REFUSED = {422: json_of(ERROR)}
BODY = {413: json_of(ERROR_SAYS)}


def schema_of(kind: type[msgspec.Struct]) -> Schema:
    """The schema of a body, whole in itself."""
    _, parts = msgspec.json.schema_components([kind], ref_template="{name}")
    made: Schema = _inlined(parts[kind.__name__], parts)
    return made


def _inlined(schema: Any, parts: Mapping[str, Any]) -> Any:
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inlined(parts[schema["$ref"]], parts)
        return {name: _inlined(inner, parts) for name, inner in schema.items()}
    return [_inlined(inner, parts) for inner in schema] if isinstance(schema, list) else schema

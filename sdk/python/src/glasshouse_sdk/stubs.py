"""A typed Python class made from a manifest: one method an item, one argument a field.

A type checker then rejects an item, a field or a value that the manifest does not declare, before
the product is ever run. The class adds one call to what `record` costs.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from typing import Any

TYPES = {
    "version": "str",
    "text": "str",
    "integer": "int",
    "number": "float",
    "duration": "float | timedelta",
    "boolean": "bool",
    "time": "datetime | float",
    "map": "dict[str, int]",
}
HEAD = '''"""Made from the manifest of {name} by `glasshouse-sdk stubs`; change that instead.

{digest}
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from typing import Any, Literal

    from glasshouse_sdk import Telemetry


class {title}:
    """What {name} may record, and no more."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
'''


def python_class(compiled: Mapping[str, Any]) -> str:
    """The module's text, for a compiled manifest; the same manifest gives the same text."""
    product = compiled["product"]
    name = product["name"].replace('"', "'")
    title = "".join(word.capitalize() for word in product["slug"].split("-"))
    parts = [HEAD.format(name=name, digest=compiled["digest"], title=title)]
    names = [path.partition(".")[2] for path in compiled["items"]]
    for path, item in compiled["items"].items():
        method = path.partition(".")[2]
        # An event and a snapshot may share a name; then both are called by their paths.
        if names.count(method) > 1 or keyword.iskeyword(method):
            method = path.replace(".", "_")
        parts.append(_method(path, method, item))
    return "".join(parts)


def _method(path: str, name: str, item: Mapping[str, Any]) -> str:
    fields = {n: f for n, f in item["fields"].items() if f["type"] != "address"}
    plain = {n: f for n, f in fields.items() if not keyword.iskeyword(n) and n != "self"}
    ordered = sorted(plain.items(), key=lambda pair: not pair[1].get("required"))
    arguments = [f"        {_argument(field_name, field)},\n" for field_name, field in ordered]
    values = [f"            {field_name}={field_name},\n" for field_name, _ in ordered]
    if ordered:
        arguments.insert(0, "        *,\n")
    if len(plain) < len(fields):  # names that Python keeps for itself
        arguments.append("        **others: Any,\n")
        values.append("            **others,\n")
    signature = "(\n        self,\n" + "".join(arguments) + "    )" if arguments else "(self)"
    return (
        f"\n    def {name}{signature} -> None:\n"
        f"        {_docstring(item['text'] or f'Record {path}.')}\n"
        f"        self._telemetry.record(\n            {path!r},\n{''.join(values)}        )\n"
    )


def _docstring(text: str) -> str:
    plain = " ".join(text.split()).replace("\\", "\\\\").replace('"', "'")
    return f'"""{plain}"""'


def _argument(name: str, field: Mapping[str, Any]) -> str:
    kind = _type(field)
    return f"{name}: {kind}" if field.get("required") else f"{name}: {kind} | None = None"


def _type(field: Mapping[str, Any]) -> str:
    kind = field["type"]
    if kind == "enum":
        return "Literal[" + ", ".join(repr(value) for value in field["values"]) + "]"
    if kind == "list":
        return f"list[{_type({**field, 'type': field['of']})}]"
    if kind == "group":
        return "list[dict[str, Any]]"
    return TYPES[kind]

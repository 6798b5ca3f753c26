"""The first-run notice: made from the manifest, shown on a terminal, and never twice.

A person who was told before is told the difference between the two manifests.
"""

from __future__ import annotations

from glasshouse_sdk.difference import difference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, TextIO

WIDTH = 88


def notice_text(compiled: Mapping[str, Any], told: Mapping[str, Any] | None) -> str:
    """The notice in plain text; `told` is the compiled manifest that was told before."""
    product = compiled["product"]
    lines = [_opening(product, is_first=told is None)]
    if told is None:
        for path, item in compiled["items"].items():
            lines.append(f"  {path}: {', '.join(item['fields']) or 'no fields'}")
            purpose = compiled.get("purposes", {}).get(item["purpose"], "")
            lines += [f"      {line}" for line in _wrapped(purpose)]
    else:
        lines += [f"  - {change.text}" for change in difference(told, compiled)]
    lines.append(
        "Nothing is sent unless you agree." if product["default"] == "ask"
        else "Nothing that is listed here has been sent before this notice."
    )  # fmt: skip
    lines += [f"To refuse: {way}" for way in _ways_to_refuse(compiled)]
    if product.get("privacy"):
        lines.append(f"Privacy: {product['privacy']}")
    lines.append(f"Questions: {product['contact']}")
    return "\n".join(lines) + "\n"


def show_notice(stream: TextIO | None, text: str) -> bool:
    """Write the notice to a terminal; whether a person can have seen it."""
    if stream is None or not stream.isatty():
        return False
    stream.write(text)
    stream.flush()
    return True


def _opening(product: Mapping[str, Any], *, is_first: bool) -> str:
    name, vendor = product["name"], product["vendor"]
    if not is_first:
        return f"{name} ({vendor}) has changed what it may send from this machine:"
    if product["default"] == "ask":
        return f"{name} ({vendor}) would like to send from this machine:"
    return f"{name} ({vendor}) sends from this machine:"


def _ways_to_refuse(compiled: Mapping[str, Any]) -> Iterator[str]:
    for switch in compiled["switches"]:
        describe = WAYS.get(switch["kind"])
        if describe is not None:
            yield describe(switch)
    yield "set DO_NOT_TRACK to 1"


WAYS = {
    "environment": lambda s: f"set the variable {s['name']} ({s['off']})",
    "file-key": lambda s: f"set {s['name']} in {s['file']} ({s['off']})",
    "marker-file": lambda s: f"create the file {s['file']}",
    "property": lambda s: f"start it with the property {s['name']} ({s['off']})",
    "command": lambda s: f"run {s['name']}",
    "toggle": lambda s: f"turn off '{s['name']}' in the product",
}


def _wrapped(text: str) -> Iterator[str]:
    line = ""
    for word in text.split():
        if line and len(line) + len(word) >= WIDTH:
            yield line
            line = ""
        line = f"{line} {word}" if line else word
    if line:
        yield line

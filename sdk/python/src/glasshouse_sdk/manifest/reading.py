"""Reads one table of a manifest against its vocabulary, and notes every problem it meets."""

import difflib
import re
from collections.abc import Callable, Mapping
from typing import Any

from glasshouse_sdk.manifest.model import Problem
from glasshouse_sdk.manifest.vocabulary import Key, Shape

SLUG = re.compile(r"[a-z][a-z0-9-]{0,62}\Z")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}\Z")
WORDS = {
    str: "a text", bool: "a boolean", int: "an integer", float: "a number", list: "a list",
    dict: "a table",
}  # fmt: skip


def shown(value: object) -> str:
    """The value as an error shows it: short, and with its type."""
    if isinstance(value, dict):
        return "a table"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


def _are_named_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(entry, str) for entry in value.values())


SHAPES: Mapping[Shape, tuple[Callable[[Any], bool], str]] = {
    "text": (_is_text, "a text that is not empty"),
    "slug": (
        lambda v: isinstance(v, str) and SLUG.match(v) is not None,
        "lower-case letters, digits and '-', beginning with a letter, at most 63",
    ),
    "name": (
        lambda v: isinstance(v, str) and NAME.match(v) is not None,
        "letters, digits and '_', beginning with a letter, at most 63",
    ),
    "choice": (lambda v: isinstance(v, str), "a text"),
    "texts": (_are_texts, "a list of texts"),
    "boolean": (lambda v: isinstance(v, bool), "true or false"),
    "integer": (lambda v: isinstance(v, int) and not isinstance(v, bool), "an integer"),
    "number": (_is_number, "a number"),
    "texts-by-name": (_are_named_texts, "a table of texts"),
    "one-or-more": (lambda v: _is_text(v) or _are_texts(v), "a text or a list of texts"),
    "any": (lambda _: True, "anything"),
}


def nearest(name: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    """A hint that ends an error: the known name that was probably meant."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""


class TableReader:
    """Reads tables and collects what is wrong, so that a person sees all errors at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def problem(self, where: str, found: str, expected: str) -> None:
        self.problems.append(Problem(where, found, expected))

    def table(self, raw: object, keys: Mapping[str, Key], where: str) -> dict[str, Any]:
        """The table's values with defaults filled in; a wrong one is noted and defaulted."""
        if not isinstance(raw, dict):
            self.problem(where, shown(raw), "a table")
            return {name: key.default for name, key in keys.items()}
        for name in raw:
            if name not in keys:
                self.problem(
                    f"{where}.{name}",
                    "an unknown key" + nearest(name, keys),
                    "one of " + ", ".join(keys),
                )
        return {name: self._value(raw, name, key, where) for name, key in keys.items()}

    def tables(self, raw: object, where: str) -> dict[str, Any]:
        """A table whose every value is a table, such as `[event.*]`."""
        if raw is None:
            return {}
        if not isinstance(raw, dict):
            self.problem(where, shown(raw), f"tables [{where}.NAME]")
            return {}
        return raw

    def name(self, name: str, where: str) -> None:
        if not NAME.match(name):
            self.problem(where, f"the name {shown(name)}", SHAPES["name"][1])

    def _value(self, raw: dict[str, Any], name: str, key: Key, where: str) -> Any:
        place = f"{where}.{name}"
        if name not in raw:
            if key.required:
                expected = " or ".join(f"'{value}'" for value in key.values) or SHAPES[key.shape][1]
                self.problem(place, "nothing", f"{expected}: {key.says}")
            return key.default
        value = raw[name]
        fits, expected = SHAPES[key.shape]
        if not fits(value):
            if value == "" and not key.required:
                return value
            self.problem(place, shown(value), f"{expected}: {key.says}")
            return key.default
        if key.values and value not in key.values:
            hint = nearest(value, key.values)
            self.problem(place, shown(value) + hint, "one of " + ", ".join(key.values))
            return key.default
        if key.shape == "one-or-more" and isinstance(value, str):
            return (value,)
        return tuple(value) if key.shape in ("texts", "one-or-more") else value

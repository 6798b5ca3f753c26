"""JSON and HOCON: objects in braces.

HOCON is read as far as a key's value needs it: comments, `=` and `:`, dotted and unquoted keys,
objects merged over several places, unquoted and triple-quoted texts. An `include` or a `${...}` on
the way to the key is not followed, so it is not understood.
"""

from __future__ import annotations

from glasshouse_sdk.jsontext import parsed
from glasshouse_sdk.keyfiles.occurrence import (
    NotUnderstoodError,
    Occurrence,
    leads_to,
    values_at,
)

DEEPEST = 100
BLANK = " \t\r\f\v"
INCLUDES = tuple(f"include {what}" for what in ('"', "file(", "url(", "classpath(", "required("))


def scan_json(text: str, name: str) -> list[Occurrence]:
    """The values of the key in a JSON file; the scanner of HOCON knows the lines."""
    if not text.strip():
        return []
    try:
        tree = parsed(text)
    except (ValueError, RecursionError):
        raise NotUnderstoodError(0, "no JSON") from None
    values_at(tree, name)  # says what cannot be understood
    return _Reader(text, name).read()


def scan_hocon(text: str, name: str) -> list[Occurrence]:
    """The values of the key in a HOCON file."""
    return _Reader(text, name).read()


class _Reader:
    """Walks through the text once."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._at = 0
        self._found: list[Occurrence] = []

    def read(self) -> list[Occurrence]:
        self._skip(newlines=True)
        braced = self._peek() == "{"
        if braced:
            self._at += 1
        self._members("", braced, 0)
        self._skip(newlines=True)
        if self._at < len(self._text):
            raise self._lost("text after the end")
        return self._found

    def _members(self, path: str, braced: bool, depth: int) -> None:
        if depth > DEEPEST:
            raise self._lost("braces nested too deep")
        while True:
            self._skip(newlines=True, commas=True)
            sign = self._peek()
            if sign in ("", "}"):
                if (sign == "}") != braced:
                    raise self._lost("braces that do not match")
                self._at += sign == "}"
                return
            self._member(path, depth)

    def _member(self, path: str, depth: int) -> None:
        line = self._line()
        if self._text.startswith(INCLUDES, self._at):
            raise self._lost("an include")
        key = self._key()
        path = f"{path}.{key}" if path else key
        if self._text.startswith("+=", self._at):
            self._at += 1
        if self._peek() in (":", "="):
            self._at += 1
            self._skip(newlines=True)
        if self._peek() == "{" and path != self._name:
            self._at += 1
            self._members(path, braced=True, depth=depth + 1)
            self._skip()
            # An object may be put together of several, side by side.
            if self._peek() not in ("", "\n", ",", "}", "#", "/"):
                self._value(path)
                if leads_to(path, self._name):
                    raise self._lost("an object put together of parts")
            return
        value = self._value(path)
        if path == self._name:
            if value is None:
                raise self._lost("more than one value")
            self._found.append(Occurrence(value, line))
        elif leads_to(path, self._name) and value != "":
            raise self._lost(f"a value at {path}, where more was expected")

    def _key(self) -> str:
        """A key as far as its separator; parts in quotes may hold anything."""
        parts = []
        while (sign := self._peek()) and sign not in ":={+\n}":
            if sign == '"':
                parts.append(self._quoted())
            else:
                start = self._at
                while self._peek() not in ("", ":", "=", "{", "}", "+", "\n", '"', "#"):
                    self._at += 1
                if start == self._at:
                    raise self._lost("no key")
                parts.append(self._text[start : self._at])
        key = "".join(parts).strip()
        if not key:
            raise self._lost("no key")
        return key

    def _value(self, path: str) -> str | None:
        """A plain value as text, `null` as none; None for what is not plain."""
        matters = path == self._name or leads_to(path, self._name)
        parts: list[str] = []
        plain, quoted = True, False
        while (sign := self._peek()) not in ("", "\n", ",", "}", "]"):
            if sign == "#" or self._text.startswith("//", self._at):
                break
            if sign == '"':
                parts.append(self._quoted())
                quoted = True
            elif sign in "[{":
                self._balanced()
                plain = False
            elif self._text.startswith("${", self._at):
                if matters:
                    raise self._lost("a substitution")
                self._at = self._text.find("}", self._at) + 1 or len(self._text)
            else:
                parts.append(sign)
                self._at += 1
        text = "".join(parts).strip()
        return ("" if text == "null" and not quoted else text) if plain else None

    def _balanced(self) -> None:
        depth = 0
        while True:
            sign = self._peek()
            if sign == "":
                raise self._lost("brackets that do not match")
            if sign == '"':
                self._quoted()
                continue
            if sign == "#" or self._text.startswith("//", self._at):
                self._skip()
                continue
            self._at += 1
            depth += (sign in "[{") - (sign in "]}")
            if depth == 0:
                return

    def _quoted(self) -> str:
        if self._text.startswith('"""', self._at):
            end = self._text.find('"""', self._at + 3)
            if end < 0:
                raise self._lost("a quote without its end")
            start, self._at = self._at + 3, end + 3
            return self._text[start:end]
        end = self._at + 1
        while (sign := self._text[end : end + 1]) != '"':
            if sign in ("", "\n"):
                raise self._lost("a quote without its end")
            end += 2 if sign == "\\" else 1
        quoted = self._text[self._at : end + 1]
        self._at = end + 1
        try:
            return str(parsed(quoted))
        except ValueError:
            raise self._lost("a text that is not valid") from None

    def _skip(self, *, newlines: bool = False, commas: bool = False) -> None:
        while sign := self._peek():
            if sign in BLANK or (newlines and sign == "\n") or (commas and sign == ","):
                self._at += 1
            elif sign == "#" or self._text.startswith("//", self._at):
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            else:
                return

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1

    def _lost(self, what: str) -> NotUnderstoodError:
        return NotUnderstoodError(self._line(), what)

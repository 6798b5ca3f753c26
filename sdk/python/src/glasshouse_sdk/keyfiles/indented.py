"""YAML: block mappings by their indentation, plain and quoted values.

The rest of YAML (lists, flow collections, block texts, several documents) is stepped over where it
stands beside the key. Where it stands on the way to it (an alias, a merge key, a flow mapping, a
tag), a YAML library is asked if the host has loaded one; else it is not understood.
"""

from __future__ import annotations

import sys

from glasshouse_sdk.keyfiles.occurrence import (
    NotUnderstoodError,
    Occurrence,
    leads_to,
    values_at,
)

NULLS = ("", "~", "null", "Null", "NULL")


def scan_yaml(text: str, name: str) -> list[Occurrence]:
    """The values of the key in a YAML file."""
    try:
        return _Reader(name).read(text)
    except NotUnderstoodError:
        library = sys.modules.get("yaml")
        if library is None:
            raise
    return [Occurrence(value, 0) for value in _asked(library, text, name)]


def _asked(library: object, text: str, name: str) -> list[str]:
    try:
        documents = list(library.safe_load_all(text))  # type: ignore[attr-defined]
    except Exception as error:  # noqa: BLE001 — whatever the host's library raises
        raise NotUnderstoodError(0, f"no YAML: {type(error).__name__}") from None
    return [value for document in documents for value in values_at(document, name)]


class _Reader:
    """Goes through the lines; `open` are the keys that the present line can be below."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._open: list[tuple[int, str | None]] = []  # indentation and path; None: inside a list
        self._found: list[Occurrence] = []
        self._step_over = -1  # the indentation of a key whose block text is stepped over
        self._brackets = 0  # open flow collections
        self._quote = ""  # the quote of a text that goes on
        self._number = 0
        self._ends_at: int | None = None  # indentation of the key, if it was last

    def read(self, text: str) -> list[Occurrence]:
        for line in text.splitlines():
            self._number += 1
            self._line(line.rstrip())
        if self._brackets or self._quote:
            raise self._lost("a bracket or quote without its end")
        return self._found

    def _line(self, line: str) -> None:
        content = line.lstrip(" ")
        indent = len(line) - len(content)
        if self._quote or self._brackets:
            self._balance(content)
            return
        if not content:
            return
        if self._step_over >= 0:
            if indent > self._step_over:
                return
            self._step_over = -1
        if content[0] == "#":
            return
        if content[0] == "\t":
            raise self._lost("a tab as indentation")
        if indent == 0 and (content.startswith(("---", "...", "%"))):
            self._document(content)
            return
        if self._ends_at is not None:
            if indent > self._ends_at or (indent == self._ends_at and content.startswith("- ")):
                raise self._lost("a value of several lines")
            self._ends_at = None
        while self._open and self._open[-1][0] >= indent:
            self._open.pop()
        while content == "-" or content.startswith("- "):
            self._open.append((indent, None))
            rest = content[1:].lstrip(" ")
            indent += len(content) - len(rest)
            content = rest
        if content:
            self._entry(content, indent)

    def _document(self, content: str) -> None:
        self._open = []
        rest = content[3:].strip()
        if content[0] == "-" and rest and rest[0] != "#":
            raise self._lost("a document that begins on its own line")

    def _entry(self, content: str, indent: int) -> None:
        parent = self._open[-1][1] if self._open else ""
        key, rest = self._split(content)
        if key is None:
            self._no_key(content, parent, indent)
            return
        path = None if parent is None else f"{parent}.{key}" if parent else key
        if key == "<<" and parent is not None and leads_to(parent, self._name):
            raise self._lost("a merge key")
        self._value(rest, path, indent)

    def _no_key(self, content: str, parent: str | None, indent: int) -> None:
        if parent is not None and leads_to(parent, self._name):
            raise self._lost("a form of YAML that is not read here")
        self._value(content, None, indent)

    def _value(self, text: str, path: str | None, indent: int) -> None:
        text = self._without_comment(text)
        while text.startswith("&"):
            text = text.partition(" ")[2].strip()
        is_it = path == self._name
        matters = path is not None and (is_it or leads_to(path, self._name))
        if text[:1] in ("|", ">"):
            self._step_over = indent
            plain = None
        elif text[:1] in ("{", "[", "*", "!"):
            plain = None
            if text[0] in "{[":
                self._balance(text)
        elif text[:1] in ("'", '"'):
            plain = self._unquoted(text)
        else:
            plain = "" if text in NULLS else text
        if is_it:
            if plain is None:
                raise self._lost("a value that is not plain")
            self._found.append(Occurrence(plain, self._number))
            self._ends_at = indent
        elif matters and plain != "":
            raise self._lost(f"a value at {path}, where more was expected")
        self._open.append((indent, path))

    def _split(self, content: str) -> tuple[str | None, str]:
        """The key before `: ` and what follows; no key if there is none."""
        if content[0] in "'\"":
            end = content.find(content[0], 1)
            after = content[end + 1 :].lstrip() if end > 0 else ""
            if after[:1] == ":" and after[1:2] in ("", " "):
                return content[1:end], after[1:].strip()
            return None, content
        if content[0] in "{[?*&!|>":
            return None, content
        at = content.find(": ")
        if at < 0 and self._without_comment(content).endswith(":"):
            at = len(self._without_comment(content)) - 1
        if at < 0 or " #" in content[:at]:
            return None, content
        return content[:at].strip(), content[at + 1 :].strip()

    def _unquoted(self, text: str) -> str | None:
        """The text between its quotes; None if it holds escapes or goes on below."""
        quote = text[0]
        end = text.find(quote, 1)
        if end < 0 or text[end + 1 :].strip() or "\\" in text:
            self._balance(text)
            return None
        return text[1:end]

    def _without_comment(self, text: str) -> str:
        if text.startswith("#"):
            return ""
        quote = text[0] if text[:1] in ("'", '"') else ""
        start = text.find(quote, 1) if quote else 0
        at = text.find(" #", max(start, 0))
        return (text[:at] if at >= 0 else text).strip()

    def _balance(self, text: str) -> None:
        """Keep count of the brackets and quotes that are open at the end of this text."""
        at = 0
        while at < len(text):
            sign = text[at]
            if self._quote:
                if sign == "\\" and self._quote == '"':
                    at += 1
                elif sign == self._quote:
                    self._quote = ""
            elif sign in "'\"" and (at == 0 or text[at - 1] in " [{,:"):
                self._quote = sign
            elif sign == "#" and (at == 0 or text[at - 1] == " "):
                return
            else:
                self._brackets += (sign in "[{") - (sign in "]}")
            at += 1

    def _lost(self, what: str) -> NotUnderstoodError:
        return NotUnderstoodError(self._number, what)

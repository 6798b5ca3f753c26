"""INI and Java properties: a key and its value on a line."""

from __future__ import annotations

from glasshouse_sdk.keyfiles.occurrence import NotUnderstoodError, Occurrence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def scan_ini(text: str, name: str) -> list[Occurrence]:
    """The key is `section.key`, in upper or lower case; a key before any section is `key`."""
    found: list[Occurrence] = []
    section = ""
    holds_key = False  # whether an indented line would go on with the key's value
    for number, line in enumerate(text.splitlines(), 1):
        plain = line.strip()
        if not plain or plain[0] in "#;":
            continue
        if line[0] in " \t" and holds_key:
            raise NotUnderstoodError(number, "a value of several lines")
        if plain[0] == "[":
            end = plain.find("]")
            if end < 0:
                raise NotUnderstoodError(number, "a section without its end")
            section, holds_key = plain[1:end].strip(), False
            continue
        key, value = _split_ini(plain)
        path = f"{section}.{key}" if section else key
        holds_key = path.lower() == name.lower()
        if holds_key:
            found.append(Occurrence(_unquoted(_without_comment(value)), number))
    return found


def _split_ini(line: str) -> tuple[str, str]:
    ends = [at for at in (line.find("="), line.find(":")) if at >= 0]
    if not ends:
        return line, ""
    return line[: min(ends)].strip(), line[min(ends) + 1 :].strip()


def _without_comment(value: str) -> str:
    """Some readers take ` ;` and ` #` as a comment: then what stands before is what is meant."""
    ends = [at for at in (value.find(" ;"), value.find(" #")) if at >= 0]
    return value[: min(ends)].strip() if ends else value


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value


def scan_properties(text: str, name: str) -> list[Occurrence]:
    """The key as it stands, with Java's escapes and continued lines."""
    found = []
    for number, line in _logical_lines(text):
        key, value = _split_property(line, number)
        if key == name:
            found.append(Occurrence(value.strip(), number))
    return found


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    held, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        plain = line.lstrip(" \t\f")
        if not held and (not plain or plain[0] in "#!"):
            continue
        first = first if held else number
        slashes = len(plain) - len(plain.rstrip("\\"))
        if slashes % 2:
            held += plain[:-1]
            continue
        yield first, held + plain
        held = ""
    if held:
        yield first, held


def _split_property(line: str, number: int) -> tuple[str, str]:
    """Key and value: they are parted by the first blank, `=` or `:` that is not escaped."""
    at = 0
    while at < len(line) and line[at] not in "=: \t\f":
        at += 2 if line[at] == "\\" else 1
    rest = line[at:].lstrip(" \t\f")
    if rest[:1] in ("=", ":"):
        rest = rest[1:].lstrip(" \t\f")
    return _unescaped(line[:at], number), _unescaped(rest, number)


def _unescaped(text: str, number: int) -> str:
    if "\\" not in text:
        return text
    parts, at = [], 0
    while at < len(text):
        if text[at] != "\\":
            parts.append(text[at])
            at += 1
        elif text[at + 1 : at + 2] == "u":
            try:
                parts.append(chr(int(text[at + 2 : at + 6], 16)))
            except ValueError:
                raise NotUnderstoodError(number, "an escape that is not valid") from None
            at += 6
        else:
            escaped = text[at + 1 : at + 2]
            parts.append(ESCAPES.get(escaped, escaped))
            at += 2
    return "".join(parts)

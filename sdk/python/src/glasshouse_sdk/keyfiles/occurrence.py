"""One place where a key is given a value, or the news that a file cannot be understood."""

from __future__ import annotations


class Occurrence:
    """A value as text (`""` for none), and its line, from 1; 0 if that is not known."""

    __slots__ = ("line", "value")

    def __init__(self, value: str, line: int) -> None:
        self.value = value
        self.line = line


class NotUnderstoodError(Exception):
    """The file says something that the scanner does not understand, so what it says is off."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"found {what}")
        self.line = line


def leads_to(path: str, name: str) -> bool:
    """Whether the key `name` can stand below `path`."""
    return not path or name.startswith(path + ".")


def as_text(value: object) -> str | None:
    """A plain value as the text that a switch's `off` is compared with; None if it is not plain."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    return None


def values_at(tree: object, name: str) -> list[str]:
    """The values that a whole parsed file has at a dotted name. Raises `NotUnderstoodError`."""
    found: list[str] = []
    _collect(tree, "", name, found)
    return found


def _collect(tree: object, path: str, name: str, found: list[str]) -> None:
    if path == name:
        text = as_text(tree)
        if text is None:
            raise NotUnderstoodError(0, f"more than one value at {name}")
        found.append(text)
    elif isinstance(tree, dict):
        for key, value in tree.items():
            below = f"{path}.{key}" if path else str(key)
            if below == name or leads_to(below, name):
                _collect(value, below, name, found)
    elif tree is not None:
        raise NotUnderstoodError(0, f"a value at {path or 'the top'}, where more was expected")

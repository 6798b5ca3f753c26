"""TOML: read by the standard library, which says what holds; this only looks up the line.

It costs 7 to 9 ms, and only a product whose switch is in a TOML file that exists pays them.
"""

from __future__ import annotations

from glasshouse_sdk.keyfiles.occurrence import NotUnderstoodError, Occurrence, values_at


def scan_toml(text: str, name: str) -> list[Occurrence]:
    """The value of the key in a TOML file."""
    import tomllib  # only where a TOML file is there to be read

    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise NotUnderstoodError(0, f"no TOML: {error}") from None
    line = _line(text, name)
    return [Occurrence(value, line) for value in values_at(tree, name)]


def _line(text: str, name: str) -> int:
    """Where `name = ` stands, below its table or with its whole path; 0 if it is not that plain."""
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        plain = line.strip()
        if plain.startswith("["):
            table = _path(plain.partition("]")[0].strip("[ "))
            continue
        key = _path(plain.partition("=")[0])
        if key and "=" in plain and (f"{table}.{key}" if table else key) == name:
            return number
    return 0


def _path(text: str) -> str:
    return ".".join(part.strip().strip("'\"") for part in text.split("."))

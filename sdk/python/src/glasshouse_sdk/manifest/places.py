"""In which file and line each table and key of a manifest stands, so that an error can say so.

The TOML reader of the standard library tells no lines, so headers and keys are looked for here.
What is written in another way (inline tables, dotted keys) is found by the table that holds it.
"""

import re
from collections.abc import Iterator, Mapping

HEADER = re.compile(r"\s*(\[\[?)([^\[\]]+)\]")
KEY = re.compile(r"""\s*([A-Za-z0-9_-]+|"[^"]*"|'[^']*')\s*=""")


class Places:
    """`FILE:LINE` by path, such as `event.run.fields.seconds` or `switch[2].off`."""

    def __init__(self, file: str, places: Mapping[str, str]) -> None:
        self.file = file
        self.by_path = dict(places)

    def of(self, where: str) -> str:
        """Where a path stands, or the nearest table around it; the file if none is known."""
        path = where
        while path:
            if path in self.by_path:
                return self.by_path[path]
            path = path.rpartition(".")[0]
        return self.file

    def joined(self, other: "Places", switches: int, promises: int) -> "Places":
        """With those of a part, whose first switch comes after so many, and its first promise."""
        moved = {
            _moved(_moved(path, "switch", switches), "promise", promises): place
            for path, place in other.by_path.items()
        }
        return Places(self.file, {**moved, **self.by_path})


def places_in(text: str, file: str) -> Places:
    """The places in one TOML document."""
    places: dict[str, str] = {}
    for path, line in _paths(text):
        places.setdefault(path, f"{file}:{line}")
    return Places(file, places)


def _paths(text: str) -> Iterator[tuple[str, int]]:
    table = ""
    counts: dict[str, int] = {}
    open_text = ""  # the quotes that end a text of several lines
    for number, line in enumerate(text.splitlines(), 1):
        if open_text:
            if line.count(open_text) % 2:
                open_text = ""
            continue
        if header := HEADER.match(line):
            table = ".".join(part.strip().strip("\"'") for part in header[2].split("."))
            if header[1] == "[[":
                counts[table] = counts.get(table, 0) + 1
                table = f"{table}[{counts[table]}]"
            yield table, number
        elif key := KEY.match(line):
            name = key[1].strip("\"'")
            yield f"{table}.{name}" if table else name, number
        open_text = next((q for q in ('"""', "'''") if line.count(q) % 2), "")


def _moved(path: str, table: str, by: int) -> str:
    if not path.startswith(f"{table}["):
        return path
    number, _, rest = path[len(table) + 1 :].partition("]")
    return f"{table}[{int(number) + by}]{rest}"

"""Reads the switches that a manifest declares: one reader for each kind, in a table.

| kind          | what is looked at                                                        |
|---------------|--------------------------------------------------------------------------|
| `environment` | the variable, under its old names too                                    |
| `file-key`    | the key in a YAML, TOML, JSON, HOCON, INI or properties file             |
| `marker-file` | whether the file is there; if so, it is off                              |
| `property`    | what the product says it was started with                                |
| `command`, `toggle` | the person's own answer, which is kept by itself                   |

A reader answers with what it found, never with what follows from it: that is `consent`'s. Where a
switch is given several times, any that says off wins.
"""

from __future__ import annotations

import os

from glasshouse_sdk.finding import Finding
from glasshouse_sdk.off import parse_off
from glasshouse_sdk.surroundings import is_in_project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from glasshouse_sdk.surroundings import Surroundings

    Reader = Callable[[Mapping[str, Any], Surroundings], Finding]


def read_switch(switch: Mapping[str, Any], surroundings: Surroundings) -> Finding:
    """What this switch says now."""
    return READERS.get(switch["kind"], _read_unknown)(switch, surroundings)


def _read_environment(switch: Mapping[str, Any], surroundings: Surroundings) -> Finding:
    return _read_named(switch, surroundings.environ, "the environment of this process", "not set")


def _read_property(switch: Mapping[str, Any], surroundings: Surroundings) -> Finding:
    return _read_named(
        switch, surroundings.properties, "told by the product", "the product tells of no such one"
    )


def _read_named(
    switch: Mapping[str, Any], values: Mapping[str, str], where: str, absent: str
) -> Finding:
    given = [(name, values[name], where) for name in _names(switch) if name in values]
    return _verdict(switch, given) if given else _absent(switch, absent)


def _read_file_key(switch: Mapping[str, Any], surroundings: Surroundings) -> Finding:
    # Only a product with such a switch pays for the scanners.
    from glasshouse_sdk.keyfiles import NotUnderstoodError, find_key

    path = surroundings.place(switch["file"])
    if path is None:
        return _nowhere(switch, surroundings)
    given = []
    try:
        for name in _names(switch):
            for occurrence in find_key(path, switch["format"], name):
                line = f":{occurrence.line}" if occurrence.line else ""
                given.append((name, occurrence.value, path + line))
    except (FileNotFoundError, NotADirectoryError):
        return _absent(switch, "there is no such file", path)
    except OSError as error:
        return _unreadable(switch, path, error.strerror or "unreadable")
    except NotUnderstoodError as error:
        return _unreadable(switch, path + (f":{error.line}" if error.line else ""), str(error))
    return _verdict(switch, given) if given else _absent(switch, "the key is not there", path)


def _read_marker_file(switch: Mapping[str, Any], surroundings: Surroundings) -> Finding:
    path = surroundings.place(switch["file"])
    if path is None:
        return _nowhere(switch, surroundings)
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return _absent(switch, "there is no such file", path)
    except OSError as error:
        return _unreadable(switch, path, error.strerror or "unreadable")
    return _finding(switch, "off", value="there", where=path, note="that it is there means off")


def _read_answer(switch: Mapping[str, Any], _: Surroundings) -> Finding:
    return _absent(switch, "its answer is kept as the person's own")


def _read_unknown(switch: Mapping[str, Any], _: Surroundings) -> Finding:
    return _absent(switch, f"this version of the client does not read the kind '{switch['kind']}'")


def _verdict(switch: Mapping[str, Any], given: list[tuple[str, str, str]]) -> Finding:
    """Of all places that give a value (name, value, where): the one that says off, if one does."""
    off = parse_off(switch["off"])
    readings = [(off is None or off.is_off(value), name, value, at) for name, value, at in given]
    is_off, name, value, where = max(readings, key=lambda reading: reading[0])
    note = f"off is: {switch['off']}"
    if off is None:
        note = f"the manifest's off text is not understood, so it is off: {switch['off']}"
    says = "off" if is_off else "on"
    return _finding(switch, says, name=name, value=value, where=where, note=note)


def _absent(switch: Mapping[str, Any], note: str, where: str = "") -> Finding:
    missing = switch["missing"]
    says = None if missing == "on" else missing
    where = where or switch["file"] or ""
    return _finding(switch, says, where=where, note=f"{note}; absent means {missing}")


def _nowhere(switch: Mapping[str, Any], surroundings: Surroundings) -> Finding:
    file = switch["file"]
    if is_in_project(file) and surroundings.project is None:
        # Its absence means something inside of a project alone.
        return _finding(switch, None, where=file, note="asked inside of a project")
    return _absent(switch, "a variable of its path is not set", file)


def _unreadable(switch: Mapping[str, Any], where: str, what: str) -> Finding:
    note = f"cannot be understood ({what}), so it is off"
    return _finding(switch, "off", where=where, note=note)


def _finding(
    switch: Mapping[str, Any],
    says: str | None,
    *,
    name: str = "",
    value: str | None = None,
    where: str = "",
    note: str = "",
) -> Finding:
    return Finding(
        switch["kind"],
        name or switch["name"],
        says,
        covers=tuple(switch["covers"]),
        value=value,
        where=where,
        note=note,
        sticky=switch["sticky"],
        of_project=is_in_project(switch["file"] or "/"),
    )


def _names(switch: Mapping[str, Any]) -> tuple[str, ...]:
    """Its name and its old ones: an old name works for ever."""
    return (switch["name"], *switch["formerly"])


READERS: dict[str, Reader] = {
    "environment": _read_environment,
    "file-key": _read_file_key,
    "marker-file": _read_marker_file,
    "property": _read_property,
    "command": _read_answer,
    "toggle": _read_answer,
}

"""Reads the switches that a manifest declares: one reader for each kind, in a table.

A reader answers with what it found, never with what follows from it: that is `consent`'s.
"""

from __future__ import annotations

from glasshouse_sdk.off import parse_off

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Reader = Callable[[Mapping[str, Any], Mapping[str, str]], "Finding"]


class Finding:
    """What one switch says: `on`, `off`, `ask`, or nothing (None), where, and of which channels."""

    __slots__ = ("covers", "kind", "name", "note", "says", "sticky", "value", "where")

    def __init__(
        self,
        kind: str,
        name: str,
        says: str | None,
        *,
        covers: tuple[str, ...],
        value: str | None = None,
        where: str = "",
        note: str = "",
        sticky: bool = False,
    ) -> None:
        self.kind = kind
        self.name = name
        self.says = says
        self.covers = covers
        self.value = value
        self.where = where
        self.note = note
        self.sticky = sticky

    def as_dict(self) -> dict[str, object]:
        return {
            "kind": self.kind,
            "name": self.name,
            "value": self.value,
            "where": self.where,
            "says": self.says,
            "covers": list(self.covers),
            "note": self.note,
        }


def read_switch(switch: Mapping[str, Any], environ: Mapping[str, str]) -> Finding:
    """What this switch says now."""
    return READERS.get(switch["kind"], _read_unknown)(switch, environ)


def _read_environment(switch: Mapping[str, Any], environ: Mapping[str, str]) -> Finding:
    names = (switch["name"], *switch["formerly"])
    found = [name for name in names if name in environ]
    if not found:
        return _absent(switch, "not set")
    off = parse_off(switch["off"])
    # An old name works for ever: if any of the names says off, the switch says off.
    readings = [(name, off is None or off.is_off(environ[name])) for name in found]
    name, is_off = max(readings, key=lambda reading: reading[1])
    note = f"off is: {switch['off']}"
    if off is None:
        note = f"the manifest's off text is not understood, so it is off: {switch['off']}"
    return Finding(
        "environment",
        name,
        "off" if is_off else "on",
        covers=tuple(switch["covers"]),
        value=environ[name],
        where="the environment of this process",
        note=note,
        sticky=switch["sticky"],
    )


def _read_command(switch: Mapping[str, Any], _: Mapping[str, str]) -> Finding:
    return _absent(switch, "its answer is kept as the person's own")


def _read_unknown(switch: Mapping[str, Any], _: Mapping[str, str]) -> Finding:
    return _absent(switch, f"this version of the client does not read the kind '{switch['kind']}'")


def _absent(switch: Mapping[str, Any], note: str) -> Finding:
    missing = switch["missing"]
    return Finding(
        switch["kind"],
        switch["name"],
        None if missing == "on" else missing,
        covers=tuple(switch["covers"]),
        where=switch["file"] or "",
        note=f"{note}; absent means {missing}",
    )


READERS: dict[str, Reader] = {
    "environment": _read_environment,
    "command": _read_command,
}

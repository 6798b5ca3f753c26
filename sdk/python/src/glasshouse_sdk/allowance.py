"""What the collector still wants, where that is less than the manifest declares.

Its answers may carry a list of items (`event.x`) and fields (`event.x.field`). The list can only
narrow: what is not in the manifest is not sent, whatever the list says. An answer without a list
lifts it. It is kept for the manifest that it was given for.
"""

from __future__ import annotations

from glasshouse_sdk.jsontext import as_json, parsed
from glasshouse_sdk.state import remove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from glasshouse_sdk.state import State

NAME = "allowed.json"


class Allowance:
    """The paths that are still wanted; None: everything that is declared."""

    __slots__ = ("paths",)

    def __init__(self, paths: tuple[str, ...] | None) -> None:
        self.paths = paths

    def wants(self, item: str) -> bool:
        below = item + "."
        return self.paths is None or any(p == item or p.startswith(below) for p in self.paths)

    def unwanted(self, item: str, fields: Mapping[str, Any]) -> frozenset[str]:
        """The fields of an item that stay at home."""
        if self.paths is None or item in self.paths:
            return frozenset()
        return frozenset(name for name in fields if f"{item}.{name}" not in self.paths)


def read_allowance(state: State, digest: str) -> Allowance:
    """What was last heard. A file that cannot be understood wants nothing."""
    try:
        text = state.read(NAME)
        raw = None if text is None else parsed(text)
        if raw is None or raw["digest"] != digest:
            return Allowance(None)
        return Allowance(tuple(str(path) for path in raw["allow"]))
    except (OSError, ValueError, TypeError, KeyError):
        return Allowance(())


def keep_allowance(state: State, digest: str, paths: tuple[str, ...] | None) -> None:
    """Write down what an answer said. Raises `OSError`."""
    if paths is None:
        remove(state.path(NAME))
        return
    state.write(NAME, as_json({"digest": digest, "allow": list(paths)}) + "\n")

"""Where a product's items go: written down for the sender, which reads nothing of the host's.

It holds what the sender needs of the manifest, so that one runs without the product's files too.
"""

from __future__ import annotations

from glasshouse_sdk.jsontext import as_json, parsed
from glasshouse_sdk.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

NAME = "destination.json"


class Destination:
    """The collector's address, the product's write key, and the manifest as far as it matters."""

    __slots__ = ("endpoint", "key", "manifest", "surroundings")

    def __init__(
        self,
        endpoint: str,
        key: str,
        manifest: Mapping[str, Any],
        surroundings: Mapping[str, Any] | None = None,
    ) -> None:
        """`surroundings`: what the sender is to decide on consent with, beside its environment."""
        self.endpoint = endpoint
        self.key = key
        self.manifest = manifest
        self.surroundings = surroundings or {}

    @property
    def wire(self) -> str:
        return str(self.manifest["product"]["wire"])

    @property
    def slug(self) -> str:
        return str(self.manifest["product"]["slug"])

    @property
    def door(self) -> Mapping[str, Any]:
        """How the foreign wire format names things; empty if the manifest does not say."""
        door: Mapping[str, Any] = self.manifest["doors"].get(self.wire, {})
        return door

    def text(self) -> str:
        compiled = self.manifest
        kept = {name: compiled[name] for name in ("format", "digest", "product", "channels")}
        kept["switches"] = compiled["switches"]
        kept["doors"] = compiled["doors"]
        if "parts" in compiled:  # those that are installed, for the owner's commands to know
            kept["parts"] = list(compiled["parts"])
        kept["items"] = {path: self._item(item) for path, item in compiled["items"].items()}
        text = as_json(
            {
                "endpoint": self.endpoint,
                "key": self.key,
                "surroundings": self.surroundings,
                "manifest": kept,
            }
        )
        return text + "\n"

    def _item(self, item: Mapping[str, Any]) -> dict[str, Any]:
        kept = {"channel": item["channel"]}
        if self.wire == "dujour":  # whose metrics do not say which snapshot they belong to
            kept["fields"] = {
                name: {"type": field["type"], "of": field.get("of")}
                for name, field in item["fields"].items()
            }
        return kept


def keep_destination(state: State, destination: Destination) -> None:
    """Write it down if it is not what already stands there."""
    text = destination.text()
    if state.read(NAME) != text:
        state.write(NAME, text)


def read_destination(state: State) -> Destination | None:
    """What stands there; None if nothing was recorded yet. Raises `OSError`, `ValueError`."""
    text = state.read(NAME)
    if text is None:
        return None
    raw = parsed(text)
    return Destination(raw["endpoint"], raw["key"], raw["manifest"], raw.get("surroundings"))

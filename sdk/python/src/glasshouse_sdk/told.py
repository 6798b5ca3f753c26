"""What the person was told by a first-run notice: which consent version, when, by which manifest.

The manifest is kept, so that the next notice can say what is new since then and no more.
"""

from __future__ import annotations

from glasshouse_sdk.jsontext import as_json, parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from glasshouse_sdk.state import State

NAME = "told.json"
KEPT = ("digest", "product", "purposes", "switches", "items")


class Told:
    """The consent version that was shown, the time, and the manifest as far as it was told."""

    __slots__ = ("at", "manifest", "version")

    def __init__(self, version: int, at: str, manifest: Mapping[str, Any]) -> None:
        self.version = version
        self.at = at
        self.manifest = manifest


def read_told(state: State) -> Told | None:
    """What stands there; a file that cannot be understood is as none: the person is told again."""
    try:
        text = state.read(NAME)
        raw = None if text is None else parsed(text)
        return None if raw is None else Told(int(raw["version"]), raw["at"], raw["manifest"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def keep_told(state: State, compiled: Mapping[str, Any], at: str) -> None:
    """Called when the notice has been shown. Raises `OSError`."""
    kept = {name: compiled[name] for name in KEPT if name in compiled}
    version = compiled["product"]["consent_version"]
    state.make_root()
    state.write(NAME, as_json({"version": version, "at": at, "manifest": kept}) + "\n")

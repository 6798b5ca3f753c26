"""The compiled manifest, from wherever the product has it.

A path to compiled JSON is the quick way (well under a millisecond). A path to TOML is compiled on
the fly: right for a first try, but it costs a product 10 to 20 ms at every start.
"""

from __future__ import annotations

import os

from glasshouse_sdk.jsontext import parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    Compiled = dict[str, Any]

FORMAT = 1


def load_compiled(manifest: str | os.PathLike[str] | dict[str, Any]) -> Compiled:
    """The compiled manifest. Raises `OSError` or `ValueError` saying what is wrong with it."""
    if isinstance(manifest, dict):
        return _checked(manifest, "the manifest")
    path = os.fspath(manifest)
    with open(path, "rb") as file:
        data = file.read()
    if path.endswith(".toml"):
        return _compiled_from_toml(path)
    return _checked(parsed(data.decode()), path)


def _checked(raw: object, where: str) -> Compiled:
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        found = raw.get("format") if isinstance(raw, dict) else "no JSON object"
        raise ValueError(
            f"{where}: found format {found!r}; expected {FORMAT}; "
            "compile the manifest again with `glasshouse-sdk compile`"
        )
    return raw


def _compiled_from_toml(path: str) -> Compiled:
    # A newcomer's convenience: the TOML reader is loaded by those alone who ask for it.
    from pathlib import Path

    from glasshouse_sdk.manifest import compile_manifest, read_manifest

    return compile_manifest(read_manifest(Path(path)))


def with_parts(compiled: Compiled, installed: Collection[str] | None) -> Compiled:
    """The manifest as far as it concerns what is installed: the product and these parts of it.

    None stands for all parts. A name that the manifest does not know adds nothing.
    """
    if installed is None or not compiled.get("parts"):
        return compiled
    parts = {name: facts for name, facts in compiled["parts"].items() if name in installed}
    items = {p: i for p, i in compiled["items"].items() if i.get("part") in (None, *parts)}
    gone = {i["channel"] for i in compiled["items"].values()}
    gone -= {i["channel"] for i in items.values()}
    channels = [channel for channel in compiled["channels"] if channel not in gone]
    return {**compiled, "parts": parts, "items": items, "channels": channels}


def unknown_parts(compiled: Compiled, installed: Collection[str] | None) -> str:
    """What to say of parts that are newer than this manifest: they send nothing, and that is all.
    Empty if there are none.
    """
    known = compiled.get("parts", ())
    unknown = sorted(set(installed or ()) - set(known))
    expected = ", ".join(known) or "none is declared"
    return f"parts: found {', '.join(unknown)}; expected of {expected}" if unknown else ""

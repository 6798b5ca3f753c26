"""One declared item, compiled to what `record` needs: its fields' encoders and the fixed text."""

from __future__ import annotations

from glasshouse_sdk.jsontext import quoted
from glasshouse_sdk.values import RefusedError, encoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from glasshouse_sdk.values import Encoder

KINDS = ("event.", "snapshot.")
LONGEST_LINE = 32_000  # bytes: what every wire format takes as one item


class ItemEncoder:
    """Writes items of one declaration as lines for the spool."""

    __slots__ = (
        "_at_home", "_encoders", "_filled_in", "_opening", "_required", "_tail", "channel", "path",
    )  # fmt: skip

    def __init__(
        self,
        path: str,
        facts: Mapping[str, Any],
        *,
        tail: str,
        today: str,
        seen: int,
        unwanted: frozenset[str],
        secret: Callable[[], bytes],
        filled_in: Mapping[str, Any] | None = None,
    ) -> None:
        """`tail` is the JSON between the time and the fields: who recorded, in which version.
        `seen`: the consent version that the person knows; fields that are newer stay at home, as
        do the `unwanted` ones. `filled_in`: values that the client itself knows.
        """
        self.path = path
        self.channel: str = facts["channel"]
        self._opening = f'{{"item":{quoted(path)},"id":"'
        self._tail = tail
        self._encoders: dict[str, Encoder] = {
            name: encoder(_known(field, seen), secret)
            for name, field in facts["fields"].items()
            # A field whose time is over is no longer declared, whatever else still holds it.
            if field.get("expires", today) >= today
        }
        newer = (name for name, field in facts["fields"].items() if field["since"] > seen)
        ended = (name for name, field in facts["fields"].items() if is_ended(field, today))
        self._at_home = unwanted.union(newer, ended)
        self._filled_in = filled_in
        self._required = tuple(
            name for name in self._encoders if facts["fields"][name].get("required")
        )

    def line(self, identifier: str, at: str, fields: Mapping[str, Any]) -> bytes:
        """The item as one line. Raises `RefusedError`, and then nothing of it is kept."""
        encoders = self._encoders
        parts = []
        name = ""
        if self._filled_in:
            fields = {**self._filled_in, **fields}
        if self._at_home:
            fields = {name: value for name, value in fields.items() if name not in self._at_home}
        try:
            for name, value in fields.items():
                if value is not None:
                    parts.append(f'"{name}":{encoders[name](value)}')
        except KeyError:
            raise self._undeclared(name) from None
        except RefusedError as error:
            raise RefusedError(error.reason, f"{error.expected} in {self.path}.{name}") from None
        for required in self._required:
            if fields.get(required) is None:
                raise RefusedError("missing_field", f"a value for '{required}' in {self.path}")
        values = ",".join(parts)
        text = f'{self._opening}{identifier}","at":"{at}"{self._tail},"fields":{{{values}}}}}'
        if len(text) > LONGEST_LINE:
            raise RefusedError("too_large", f"at most {LONGEST_LINE} bytes in {self.path}")
        return (text + ("\n" if len(text) & 1 else " \n")).encode("ascii")

    def _undeclared(self, name: str) -> RefusedError:
        known = ", ".join(self._encoders) or "no field"
        return RefusedError(
            "undeclared_field", f"a declared field of {self.path} ({known}), found '{name[:64]}'"
        )


def is_ended(facts: Mapping[str, Any], today: str) -> bool:
    """Whether an item or a field is over: by its day, or because this release has it no longer.

    A release that is named as the first without it is this one or an older one: the manifest that
    says so is its own.
    """
    ended = facts.get("ended")
    return ended is not None and (not _is_day(ended) or ended <= today)


def _is_day(text: str) -> bool:
    return len(text) == len("2027-06-30") and text[4] == text[7] == "-" and text[:4].isdigit()


def _known(field: Mapping[str, Any], seen: int) -> Mapping[str, Any]:
    """The field without those inner fields of a group that are newer than what the person knows."""
    if "fields" not in field:
        return field
    inner = field["fields"]
    newer = [name for name, below in inner.items() if below["since"] > seen]
    known = {n: _known(below, seen) for n, below in inner.items() if n not in newer}
    return {**field, "fields": known, "newer": newer}


def declared_path(name: str, items: Mapping[str, Any]) -> str:
    """The path of an item called by its path or by its name alone. Raises `RefusedError`."""
    if name in items:
        return name
    paths = [kind + name for kind in KINDS if kind + name in items]
    if len(paths) == 1:
        return paths[0]
    expected = "one of " + ", ".join(items) if not paths else " or ".join(paths)
    raise RefusedError("undeclared_item", f"{expected}, found '{name[:64]}'")


def fixed_tail(instance: str, version: str | None, identities: Mapping[str, str]) -> str:
    """The JSON members that all items of one declaration in one process share."""
    tail = f',"instance":{quoted(instance)}'
    if version:
        tail += f',"version":{quoted(version)}'
    if identities:
        members = ",".join(f"{quoted(name)}:{quoted(who)}" for name, who in identities.items())
        tail += f',"identities":{{{members}}}'
    return tail

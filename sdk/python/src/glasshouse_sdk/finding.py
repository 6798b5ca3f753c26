"""A finding: what one switch, answer or policy says, and where it is written."""

from __future__ import annotations


class Finding:
    """What one switch says: `on`, `off`, `ask`, or nothing (None), where, and of which channels.

    `of_project`: it speaks for one project alone, not for all that this user does.
    """

    __slots__ = ("covers", "kind", "name", "note", "of_project", "says", "sticky", "value", "where")

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
        of_project: bool = False,
    ) -> None:
        self.kind = kind
        self.name = name
        self.says = says
        self.covers = covers
        self.value = value
        self.where = where
        self.note = note
        self.sticky = sticky
        self.of_project = of_project

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

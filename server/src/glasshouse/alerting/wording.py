"""An alert in words for a mail, and as an object for a program. Both say the same."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glasshouse.insight.answer import Answer
from glasshouse.insight.exporting import answer_object, json_value
from glasshouse.office import Alert, Contact, SavedAdvisory

MOST_ROWS = 50


@dataclass(frozen=True, slots=True)
class Telling:
    """What there is to say. `contacts` by organization; `link` leads to the page, if known."""

    alert: Alert
    answer: Answer
    product: str  # its name
    says: str
    advisory: SavedAdvisory | None
    contacts: Mapping[str, Contact]
    link: str

    @property
    def subject(self) -> str:
        about = f"{self.advisory.name}: " if self.advisory else ""
        return f"{self.product}: {about}{self.says}"


def as_text(telling: Telling) -> str:
    """Plain text, for a mail."""
    answer, advisory = telling.answer, telling.advisory
    lines = [telling.subject, ""]
    if advisory:
        lines += [advisory.title, f"Affected: {advisory.affected}"]
        lines += [f"Disclosed: {advisory.disclosed}", ""]
    lines += [f"{answer.title}, {answer.period.first} to {answer.period.last}:"]
    for row in answer.rows[:MOST_ROWS]:
        cells = [
            f"{column.title}: {_shown(cell, column.type)}"
            for cell, column in zip(row, answer.columns, strict=True)
            if column.name not in ("moment", "half_life", "complete")
        ]
        lines.append(f"- {', '.join(cells)}{_contact(telling, row[0])}")
    if len(answer.rows) > MOST_ROWS:
        lines.append(f"- and {len(answer.rows) - MOST_ROWS} more")
    if advisory and advisory.fix:
        lines += ["", f"What to do: {advisory.fix}"]
    if telling.link:
        lines += ["", telling.link]
    lines += ["", *answer.notes, _access(telling)]
    lines.append(f"To end this alert: glasshouse alert remove {telling.alert.id}, or its page.")
    return "\n".join(lines) + "\n"


def as_object(telling: Telling) -> dict[str, Any]:
    """For a webhook."""
    advisory = telling.advisory
    return {
        "type": "alert",
        "alert": telling.alert.id,
        "subject": telling.subject,
        "product": telling.alert.product,
        "access": "raw" if telling.alert.raw else "suppressed",
        "advisory": {
            "name": advisory.name,
            "title": advisory.title,
            "affected": advisory.affected,
            "disclosed": advisory.disclosed.isoformat(),
            "fix": advisory.fix,
        }
        if advisory
        else None,
        "answer": answer_object(telling.answer),
        "contacts": [
            {"organization": c.organization, "name": c.name, "contact": c.contact}
            for c in telling.contacts.values()
        ],
        "link": telling.link or None,
    }


def body_of(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, default=json_value).encode()


def _contact(telling: Telling, organization: object) -> str:
    contact = telling.contacts.get(str(organization))
    return f"; {contact.name} {contact.contact}".rstrip() if contact else ""


def _shown(cell: object, kind: str) -> str:
    if cell is None:
        return "not known" if kind == "text" else "withheld"
    if kind == "share" and isinstance(cell, float):
        return f"{cell * 100:.0f}%"
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell)


def _access(telling: Telling) -> str:
    if not telling.alert.raw:
        return "This alert tells what the page shows without raw access."
    return (
        f"Exact numbers, with the raw access of {telling.alert.person}; this reading is on record."
    )

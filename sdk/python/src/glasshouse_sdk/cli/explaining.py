"""`why` and `list`: what decides, and what may ever be sent."""

from __future__ import annotations

import argparse
from typing import Any

from glasshouse_sdk.cli.subject import Subject
from glasshouse_sdk.declaring import declared_items
from glasshouse_sdk.wires import WIRES


def why(subject: Subject, _: argparse.Namespace) -> tuple[Any, bool]:
    consent = subject.consent()
    deciders = {
        channel: finding.as_dict() if finding is not None else None
        for channel, finding in consent.deciders.items()
    }
    result = {
        "product": subject.slug,
        "default": subject.compiled["product"]["default"],
        "channels": {
            channel: {"state": state, "decided_by": deciders[channel]}
            for channel, state in consent.states.items()
        },
        "switches": [finding.as_dict() for finding in consent.findings],
    }
    return result, consent.may_send


def why_text(result: Any) -> str:
    lines = []
    for channel, facts in result["channels"].items():
        decider = facts["decided_by"]
        by = f"the product's default ({result['default']})" if decider is None else decider["name"]
        lines.append(f"{channel} is {facts['state']}, decided by {by}")
    lines.append("")
    lines += [_finding_line(finding) for finding in result["switches"]]
    return "\n".join(lines)


def _finding_line(finding: Any) -> str:
    value = "not set" if finding["value"] is None else f"= {finding['value']!r}"
    says = finding["says"] or "nothing"
    details = ", ".join(part for part in (finding["where"], finding["note"]) if part)
    return f"  {finding['kind']} {finding['name']} {value}: says {says}" + (
        f" ({details})" if details else ""
    )


def declared(subject: Subject, _: argparse.Namespace) -> tuple[Any, bool]:
    destination = subject.destination()
    wire = WIRES.get(destination.wire)
    items = declared_items(subject.compiled)
    for item in items:
        why = wire.refuses(item["item"], destination) if wire is not None else ""
        if why:
            item["not_carried"] = why
    return items, True


def declared_text(result: Any) -> str:
    lines = []
    for item in result:
        occasions = ", ".join(item["occasions"])
        lines.append(
            f"{item['item']} ({item['purpose']})" + (f": {occasions}" if occasions else "")
        )
        if "not_carried" in item:
            lines.append(f"  stays at home: {item['not_carried']}")
        if item["part"]:
            lines.append(f"  of the part {item['part']}")
        if item["ended"]:
            lines.append(f"  ended: {item['ended']}")
        for field in item["fields"]:
            how = f", {field['anonymise']}" if field.get("anonymise") else ""
            how += f", ended: {field['ended']}" if field.get("ended") else ""
            lines.append(f"  {field['field']} ({field['type']}{how}): {field['why']}")
    return "\n".join(lines)

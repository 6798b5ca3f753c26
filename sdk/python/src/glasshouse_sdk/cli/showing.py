"""`status`, `preview` and `history`: what waits, what goes next, what went."""

from __future__ import annotations

import argparse
import time
from typing import Any

from glasshouse_sdk.claims import waiting_lines
from glasshouse_sdk.cli.subject import CommandError, Subject
from glasshouse_sdk.forgetting import Forgetting, read_forgettings
from glasshouse_sdk.grace import quiet_until
from glasshouse_sdk.schedule import read_delivery
from glasshouse_sdk.sender.freezing import UnknownWireError
from glasshouse_sdk.sender.history import entries
from glasshouse_sdk.sender.previewing import SenderAtWorkError, next_request
from glasshouse_sdk.tallies import read_tallies
from glasshouse_sdk.wires import WIRES

SHOWN = 4  # characters of a key


def status(subject: Subject, _: argparse.Namespace) -> tuple[Any, bool]:
    consent = subject.consent()
    destination = subject.destination()
    delivery = read_delivery(subject.state)
    product = subject.compiled["product"]
    quiet = quiet_until(subject.state, product, consent)
    return {
        "product": subject.slug,
        "channels": dict(consent.states),
        "endpoint": destination.endpoint,
        "wire": destination.wire,
        "wire_leaves": WIRES[destination.wire].leaves if destination.wire in WIRES else "",
        "way": product["way"],
        "state": subject.state.directory,
        "waiting": len(waiting_lines(subject.state)),
        "last_success": _moment(delivery.last_success),
        "last_failure": _moment(delivery.last_failure),
        "problem": delivery.problem,
        "next_attempt_not_before": _moment(max(delivery.not_before, quiet) or None),
        "grace_until": _moment(quiet or None),
        "counts": read_tallies(subject.state),
        "forget": [{"instance": f.instance, "state": f.state} for f in _forgettings(subject)],
    }, True


def _forgettings(subject: Subject) -> tuple[Forgetting, ...]:
    try:
        return read_forgettings(subject.state)
    except ValueError as error:
        raise CommandError(str(error)) from None


def _moment(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _waiting(result: Any) -> str:
    """How many, and what sends them: who looks right after recording shall not think it broken."""
    number = result["waiting"]
    items = f"{number} item{'s' * (number != 1)}"
    if not number or result["way"] == "agent":
        return items
    from_then = result["next_attempt_not_before"] or ""
    when = f" from {from_then} on" if from_then > (_moment(time.time()) or "") else ""
    return f"{items}; a run of the product sends what waits{when}, `send` sends it now"


def status_text(result: Any) -> str:
    shown = {
        **{f"channel {name}": state for name, state in result["channels"].items()},
        "sends to": f"{result['endpoint'] or 'nowhere'} ({result['wire']}, {result['way']})",
        **({"not carried": result["wire_leaves"]} if result["wire_leaves"] else {}),
        "state": result["state"],
        "waiting": _waiting(result),
        "last success": result["last_success"] or "none",
        "last failure": f"{result['last_failure'] or 'none'} {result['problem']}".rstrip(),
        **(
            {"grace": f"nothing by itself before {until}"}
            if (until := result["grace_until"])
            else {}
        ),
        **{f"count {reason}": str(number) for reason, number in result["counts"].items()},
        **{f"forget {one['instance']}": one["state"] for one in result["forget"]},
    }
    return "\n".join(f"{name:<14} {value}" for name, value in shown.items())


def preview(subject: Subject, _: argparse.Namespace) -> tuple[Any, bool]:
    """The next request, frozen now if it was not yet; None if nothing would be sent."""
    destination = subject.destination()
    try:
        request = next_request(subject.state, destination, subject.surroundings)
    except (SenderAtWorkError, UnknownWireError) as error:
        raise CommandError(str(error)) from None
    if request is None:
        return None, True
    headers = dict(request.headers)
    authorization = WIRES[destination.wire].authorization(_masked(destination.key))
    if authorization is not None and destination.wire == "native":
        headers["Authorization"] = authorization
    return {
        "method": "POST",
        "url": destination.endpoint.rstrip("/") + request.path,
        "path": request.path,
        "headers": headers,
        "items": len(request.ids),
        "body": request.body.decode(),
    }, True


def _masked(key: str) -> str:
    return key[:SHOWN] + "…" if key else "(no key)"


def preview_text(result: Any) -> str:
    if result is None:
        return "Nothing would be sent."
    headers = "\n".join(f"{name}: {value}" for name, value in result["headers"].items())
    return f"POST {result['url']}\n{headers}\n\n{result['body']}"


def history(subject: Subject, _: argparse.Namespace) -> tuple[Any, bool]:
    return [
        {
            "request": entry.name,
            "path": entry.path,
            "headers": entry.headers,
            "body": entry.body.decode(),
            "attempts": [{**a, "at": _moment(a["at"])} for a in entry.attempts],
        }
        for entry in entries(subject.state)
    ], True


def history_text(result: Any) -> str:
    if not result:
        return "Nothing left this machine in the last seven days."
    blocks = []
    for entry in result:
        lines = [f"request {entry['request']} to {entry['path']}"]
        lines += [_attempt_line(attempt) for attempt in entry["attempts"]]
        if not entry["attempts"]:
            lines.append("  left, but the sender was ended before an answer came")
        blocks.append("\n".join([*lines, entry["body"]]))
    return "\n\n".join(blocks)


def _attempt_line(attempt: Any) -> str:
    outcomes: dict[str, int] = {}
    for receipt in attempt["receipts"]:
        outcome = receipt.get("outcome") or receipt.get("state", "")
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    receipts = ", ".join(f"{number} {outcome}" for outcome, number in outcomes.items())
    details = receipts or attempt["problem"]
    return f"  {attempt['at']} {attempt['endpoint']}: {attempt['verdict']}" + (
        f" ({details})" if details else ""
    )

"""`forget`: off, and everything that left is asked to be erased."""

from __future__ import annotations

import argparse
from typing import Any

from glasshouse_sdk.cli.subject import CommandError, Subject
from glasshouse_sdk.forgetting import Forgetting
from glasshouse_sdk.forgetting import forget as forget_all

WELL = ("pending", "done")


def forget(subject: Subject, arguments: argparse.Namespace) -> tuple[Any, bool]:
    """Well if the collector has noted every request, or nothing ever left."""
    if not 0 < arguments.seconds <= 3600:
        raise CommandError(f"found --seconds {arguments.seconds:g}; expected 1 to 3600")
    try:
        asked = forget_all(
            subject.compiled,
            subject.state,
            subject.destination(),
            subject.surroundings.environ,
            by="glasshouse-sdk forget",
            seconds=arguments.seconds,
        )
    except ValueError as error:
        raise CommandError(f"{error}; move the file away, it holds earlier requests") from None
    return {
        "channels": dict(subject.consent().states),
        "requests": [_as_dict(one) for one in asked],
    }, all(one.state in WELL for one in asked)


def _as_dict(one: Forgetting) -> dict[str, Any]:
    return {
        "request": one.request,
        "instance": one.instance,
        "state": one.state,
        "asked_at": one.asked_at,
        "endpoint": one.endpoint,
        "problem": one.problem,
        "contact": one.contact,
        "receipt": one.receipt,
    }


def forget_text(result: Any) -> str:
    lines = [f"{channel}: {state}" for channel, state in result["channels"].items()]
    if not result["requests"]:
        lines.append("Nothing is known here that ever left this machine, so nobody is asked.")
    lines += [_line(one) for one in result["requests"]]
    return "\n".join(lines)


def _line(one: Any) -> str:
    receipt, whom = one["receipt"], f"instance {one['instance']}"
    ask = f"ask {one['contact'] or 'the vendor'} and name it"
    return {
        "waiting": f"{whom}: not asked yet ({one['problem']}); kept, and sent with the next run "
        "of this command or of the product",
        "pending": f"{whom}: noted by {one['endpoint']}, erased by {receipt.get('by')}; "
        "run this again to see when it is done",
        "done": f"{whom}: erased on {receipt.get('completed_at')}",
        "refused": f"{whom}: {one['problem']}; if something of it is there, {ask}",
        "unproven": f"{whom}: {one['problem']}, so no collector can tell who asks; {ask}",
    }[one["state"]]

"""`export` and `deliver`: for a site without a way out."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from glasshouse_sdk.cli.subject import CommandError, Subject
from glasshouse_sdk.sender.carrying import NoCargoError, read_cargo
from glasshouse_sdk.sender.carrying import deliver as deliver_cargo
from glasshouse_sdk.sender.carrying import export as export_cargo
from glasshouse_sdk.sender.freezing import UnknownWireError
from glasshouse_sdk.sender.previewing import SenderAtWorkError
from glasshouse_sdk.wires import WIRES


def export(subject: Subject, arguments: argparse.Namespace) -> tuple[Any, bool]:
    try:
        items = export_cargo(
            subject.state, subject.destination(), subject.surroundings, arguments.file
        )
    except FileExistsError:
        raise CommandError(
            f"found {arguments.file} there already; expected a new name, so that none is lost"
        ) from None
    except (SenderAtWorkError, UnknownWireError) as error:
        raise CommandError(str(error)) from None
    return {"file": arguments.file if items else None, "items": items}, True


def export_text(result: Any) -> str:
    if not result["items"]:
        return "Nothing waits that may leave."
    return f"Wrote {result['items']} items to {result['file']}; read it before it leaves."


def deliver(subject: Subject, arguments: argparse.Namespace) -> tuple[Any, bool]:
    try:
        cargo = read_cargo(arguments.file)
    except NoCargoError as error:
        raise CommandError(str(error)) from None
    destination = subject.destination()
    if (cargo.product, cargo.wire) != (subject.slug, destination.wire):
        raise CommandError(
            f"found an export of {cargo.product} ({cargo.wire}); "
            f"expected one of {subject.slug} ({destination.wire})"
        )
    if cargo.wire not in WIRES:
        raise CommandError(f"found the wire '{cargo.wire}'; expected one of {', '.join(WIRES)}")
    if not destination.endpoint:
        raise CommandError("found no endpoint; expected one in the manifest or --endpoint URL")
    environ = subject.surroundings.environ
    delivered = list(deliver_cargo(cargo, destination, environ, arguments.seconds))
    well = all(one.verdict == "acknowledged" for one in delivered)
    return [asdict(one) for one in delivered], well


def deliver_text(result: Any) -> str:
    taken = sum(one["items"] for one in result if one["verdict"] == "acknowledged")
    lines = [f"{taken} of {sum(one['items'] for one in result)} items acknowledged."]
    lines += [f"{one['verdict']}: {one['problem']}" for one in result if one["problem"]]
    return "\n".join(lines)

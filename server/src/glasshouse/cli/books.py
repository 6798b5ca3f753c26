"""The accounting of every product and door as one object, for health pages and metrics."""

from typing import Any

from glasshouse.store import Tally


def accounting_object(tallies: list[Tally]) -> dict[str, Any]:
    """Per product and door what came and what became of it; `difference` is 0, always."""
    products: dict[str, dict[str, dict[str, Any]]] = {}
    for tally in tallies:
        door = products.setdefault(tally.product, {}).setdefault(tally.door, _empty_account())
        if tally.outcome in ("rejected", "suppressed"):
            door[tally.outcome][tally.reason] = tally.items
        elif tally.outcome == "accepted":  # of accepted items only dropped fields are tallied
            door["dropped_fields"] += tally.items
        elif tally.outcome in door:
            door[tally.outcome] += tally.items
    for doors in products.values():
        for door in doors.values():
            ended = door["stored"] + door["duplicate"] + door["waiting"]
            ended += sum(door["rejected"].values()) + sum(door["suppressed"].values())
            door["difference"] = door["received"] - ended
    difference = sum(door["difference"] for doors in products.values() for door in doors.values())
    return {"products": products, "difference": difference}


def _empty_account() -> dict[str, Any]:
    return {
        "received": 0,
        "stored": 0,
        "duplicate": 0,
        "rejected": {},
        "suppressed": {},
        "waiting": 0,
        "dropped_fields": 0,
    }

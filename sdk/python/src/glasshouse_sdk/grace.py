"""The time after the first start in which nothing is sent by itself, and how a fleet is spread.

A manifest may give a new installation a grace period (`grace = "24h"`), so that whoever set it up
has the time to refuse, and may spread the first sendings of machines that were set up at one moment
(`spread = "6h"`). Items are recorded meanwhile and stay on the machine. Who says `on` or asks for a
sending has decided, and nothing is waited for.

`began.json` holds when the product was first started here, and which part of the spread is this
machine's.
"""

from __future__ import annotations

from glasshouse_sdk.jsontext import as_json, parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from glasshouse_sdk.consent import Consent
    from glasshouse_sdk.state import State

NAME = "began.json"


def begin(state: State, product: Mapping[str, Any], now: float, chance: float) -> None:
    """Write down that the product has started here, once. `chance`: from 0 to 1."""
    if not _quiet_seconds(product, 1.0):
        return
    state.once(NAME, lambda: as_json({"at": now, "share": chance}))
    began = _read(state)
    if began is None or began[0] > now:  # torn, or the clock was wrong then
        state.write(NAME, as_json({"at": now, "share": chance}) + "\n")


def quiet_until(state: State, product: Mapping[str, Any], consent: Consent) -> float:
    """The moment before which nothing is sent by itself; 0 if there is none."""
    if not _quiet_seconds(product, 1.0) or _has_agreed(consent):
        return 0.0
    began = _read(state)
    if began is None:
        return 0.0
    at, share = began
    return at + _quiet_seconds(product, share)


def _quiet_seconds(product: Mapping[str, Any], share: float) -> float:
    return float(product.get("grace", 0)) + share * float(product.get("spread", 0))


def _has_agreed(consent: Consent) -> bool:
    return any(f.kind == "answer" and f.says == "on" for f in consent.findings)


def _read(state: State) -> tuple[float, float] | None:
    try:
        raw = parsed(state.read(NAME) or "")
        return float(raw["at"]), min(max(float(raw["share"]), 0.0), 1.0)
    except (OSError, ValueError, TypeError, KeyError):
        return None

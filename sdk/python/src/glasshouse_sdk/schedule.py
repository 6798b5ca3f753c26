"""When the next attempt to send may be, kept over runs in `delivery.json`.

After a success the next sender starts at the earliest a minute later. After a failure the pause
doubles with each one, from one minute to six hours, give or take a quarter so that a fleet does
not come back in step. What the collector asks for with Retry-After is kept to as well.
"""

from __future__ import annotations

from glasshouse_sdk.jsontext import as_json, parsed
from glasshouse_sdk.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "delivery.json"
PAUSE = 60.0  # seconds
LONGEST_PAUSE = 21_600.0
LONGEST_ASKED_PAUSE = 86_400.0  # a Retry-After beyond a day is taken as a day


class Delivery:
    """What is known of the sending so far; times are seconds since 1970."""

    __slots__ = ("failures", "last_failure", "last_success", "not_before", "problem")

    def __init__(
        self,
        last_success: float | None = None,
        last_failure: float | None = None,
        failures: int = 0,
        not_before: float = 0.0,
        problem: str = "",
    ) -> None:
        self.last_success = last_success
        self.last_failure = last_failure
        self.failures = failures
        self.not_before = not_before
        self.problem = problem

    def is_due(self, now: float) -> bool:
        # A clock that was wrong and jumped back must not stop the sending for years.
        return now >= self.not_before or self.not_before - now > LONGEST_ASKED_PAUSE * 1.25

    def succeeded(self, now: float) -> Delivery:
        return Delivery(now, self.last_failure, 0, now + PAUSE, "")

    def failed(
        self, now: float, problem: str, chance: float, asked_pause: float | None = None
    ) -> Delivery:
        """`chance` is a random number from 0 to 1 that spreads the pauses of a fleet."""
        pause = min(PAUSE * 2.0 ** min(self.failures, 20), LONGEST_PAUSE) * (0.75 + chance / 2)
        if asked_pause is not None:
            pause = max(pause, min(asked_pause, LONGEST_ASKED_PAUSE))
        return Delivery(self.last_success, now, self.failures + 1, now + pause, problem)

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def read_delivery(state: State) -> Delivery:
    """What stands there; a file that cannot be read is as none, and the sending starts afresh."""
    try:
        text = state.read(NAME)
        return Delivery() if text is None else Delivery(**parsed(text))
    except (OSError, ValueError, TypeError):
        return Delivery()


def keep_delivery(state: State, delivery: Delivery) -> None:
    state.write(NAME, as_json(delivery.as_dict()) + "\n")

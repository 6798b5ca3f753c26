"""The decision of one running product: made again when the person answers, and what follows of it.

Off leaves nothing behind but a refusal that is to hold for later installations. On may have to be
told first.
"""

from __future__ import annotations

import sys
import time

from glasshouse_sdk.answers import EVERY, give_answer
from glasshouse_sdk.consent import decide
from glasshouse_sdk.environment import hand_down_refusal
from glasshouse_sdk.installation import keep_installation
from glasshouse_sdk.state import FORGET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from glasshouse_sdk.state import State
    from glasshouse_sdk.surroundings import Surroundings

NO_PLACE = "found no place for the state; expected a home directory"


class Decision:
    """The `consent` that held when it was last asked for. Nothing is written before `obey`."""

    __slots__ = ("_compiled", "_hands_down", "_state", "_surroundings", "consent")

    def __init__(
        self,
        compiled: Mapping[str, Any],
        surroundings: Surroundings,
        state: State | None,
        *,
        hands_down: bool,
    ) -> None:
        """`hands_down`: processes that this one starts learn of a refusal."""
        self._compiled = compiled
        self._surroundings = surroundings
        self._state = state
        self._hands_down = hands_down
        self.decide()

    def decide(self) -> None:
        """Look again."""
        self.consent = decide(self._compiled, self._surroundings, self._state)

    @property
    def is_on(self) -> bool:
        """Whether anything may be recorded; there has to be a place for it, too."""
        return not self.consent.is_all_off and self._state is not None

    @property
    def best(self) -> str:
        """`on`, `off` or `ask`: the best state that any channel with items has."""
        states = self.consent.of_items if self.is_on else frozenset()
        return next((state for state in ("on", "ask") if state in states), "off")

    def obey(self) -> None:
        """Where all is off: tell child processes, keep what has to stay, remove everything else."""
        if not self.consent.is_all_off:
            return
        slug = self._compiled["product"]["slug"]
        if self._hands_down:
            hand_down_refusal(slug)
        if self._state is None:
            return
        kept = self.consent.to_keep()
        if kept is not None and not kept.of_project:
            if not self.consent.is_answered_off:  # what was refused first keeps its date
                self.answer("off", EVERY, kept.name)
            if self._surroundings.installation is not None:
                told = f"{kept.name} said off on {_now()}"
                keep_installation(self._surroundings.installation, slug, told)
        if self._state.exists_beyond_refusals():
            self.clear()

    def clear(self) -> None:
        """Remove what waits of channels that are off."""
        if self._state is not None:
            from glasshouse_sdk.refusing import obey  # only when there is something to remove

            obey(self._compiled, self._surroundings, self._state, time.time_ns())

    def answer(self, says: str, channel: str, by: str) -> None:
        """Keep what was said for one channel, or `EVERY`. Raises `OSError`, `ValueError`."""
        if self._state is None:
            raise OSError(NO_PLACE)
        version = self._compiled["product"]["consent_version"]
        channels = tuple(self._compiled["channels"])
        if says not in ("on", "off") or channel not in (EVERY, *channels):
            expected = f"on or off, for one of {', '.join(channels)}"
            raise ValueError(f"found '{says}' for '{channel}'; expected {expected}")
        give_answer(self._state, channels, channel, says=says, at=_now(), by=by, version=version)

    def tell(self) -> bool:
        """Show the first-run notice, if it is due and there is a terminal to show it on; whether
        it was shown, which may change the decision.
        """
        stream = sys.stderr
        if not (self.is_on and self.consent.must_tell) or self._state is None:
            return False
        if stream is None or not stream.isatty():
            return False
        from glasshouse_sdk.notice import notice_text, show_notice  # once in an installation's life
        from glasshouse_sdk.told import keep_told, read_told

        told = read_told(self._state)
        known = None if told is None else told.manifest
        if not show_notice(stream, notice_text(self._compiled, known)):
            return False
        keep_told(self._state, self._compiled, _now())
        return True

    def go_on_forgetting(self) -> None:
        """A request to be forgotten that found no network is sent now: the person asked for it.

        Not where no packet at all may leave: under DO_NOT_TRACK, and an organization's policy.
        """
        state = self._state
        if state is None or not state.exists(FORGET) or self.consent.is_refused_wider:
            return
        from glasshouse_sdk.forgetting import go_on_forgetting  # by those alone who asked for it

        go_on_forgetting(state, self._surroundings.environ, time.time())


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

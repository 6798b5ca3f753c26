"""Turning off: when this returns, nothing is left but the refusal itself."""

from __future__ import annotations

from glasshouse_sdk.claims import claims, discard_open, new_claim, seal_all
from glasshouse_sdk.consent import decide
from glasshouse_sdk.projects import project_mark
from glasshouse_sdk.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from glasshouse_sdk.consent import Consent
    from glasshouse_sdk.surroundings import Surroundings


def obey(
    compiled: Mapping[str, Any], surroundings: Surroundings, state: State, now: int
) -> Consent:
    """Remove whatever is refused now: everything, a project's items, or some channels' items.

    `now` in nanoseconds. Returns the consent that was obeyed.
    """
    consent = decide(compiled, surroundings, state)
    if consent.is_all_off:
        if surroundings.project is not None and not _is_off_everywhere(
            compiled, surroundings, state
        ):
            discard_project(state, surroundings.project)
        elif state.exists_beyond_refusals():
            discard_everything(state)
    elif "off" in consent.states.values() and surroundings.project is None:
        items = compiled["items"]

        def keeps(path: str) -> bool:
            return path in items and consent.states[items[path]["channel"]] != "off"

        discard_channels(state, keeps, now)
    return consent


def _is_off_everywhere(
    compiled: Mapping[str, Any], surroundings: Surroundings, state: State
) -> bool:
    return decide(compiled, surroundings.in_project(None), state).is_all_off


def discard_project(state: State, project: str) -> None:
    """Remove what waits of one project; other projects of this user are not concerned."""
    mark = project_mark(project)
    discard_open(state, mark)
    for claim in claims(state):
        if claim.project == mark:
            claim.remove()


def discard_everything(state: State) -> None:
    """Remove spool, history, identity and all else that was kept, but the person's answer."""
    discard_open(state)
    state.wipe()


def discard_waiting(state: State) -> None:
    """Remove what waits to be sent, and nothing else: identity, answers and history stay."""
    discard_open(state)
    for claim in claims(state):
        claim.remove()


def discard_channels(state: State, keeps: Callable[[str], bool], now: int) -> None:
    """Remove the items that `keeps` does not want, by their path; `now` in nanoseconds."""
    seal_all(state, now)
    for claim in claims(state):
        lines = claim.lines()
        kept = [line for line in lines if keeps(path_of(line))]
        if len(kept) < len(lines):
            if kept:
                new_claim(state, kept, claim.stream, claim.sealed_at + 1)
            claim.remove()


def path_of(line: bytes) -> str:
    """The path of the item on a spool line: it stands first, as `record` wrote it."""
    return line.removeprefix(b'{"item":"').partition(b'"')[0].decode("ascii", "replace")

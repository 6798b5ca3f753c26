"""Turning off: when this returns, nothing is left but the refusal itself."""

from __future__ import annotations

from glasshouse_sdk.claims import claims, discard_all, new_claim, seal_all
from glasshouse_sdk.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def discard_everything(state: State) -> None:
    """Remove spool, history, identity and all else that was kept, but the person's answer."""
    discard_all(state)
    state.wipe()


def discard_waiting(state: State) -> None:
    """Remove what waits to be sent, and nothing else: identity, answers and history stay."""
    discard_all(state)
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

"""How the server itself is, for the page that tells how far the data can be relied on."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerState:
    """`lag`: seconds between receiving and storing, while behind. Sizes are in bytes."""

    lag: float
    problems: tuple[str, ...]
    journal_bytes: int
    store_bytes: int
    free_bytes: int


State = Callable[[], ServerState | None]


def no_state() -> ServerState | None:
    """Of a console without a collector beside it."""
    return None

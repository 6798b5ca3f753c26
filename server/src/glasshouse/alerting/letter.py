"""What goes out to one receiver, in the forms that a way of telling may take."""

from dataclasses import dataclass


class DeliveryError(Exception):
    """Nobody was told; the text says why, and holds nothing of what was to be told."""


@dataclass(frozen=True, slots=True)
class Letter:
    """`name` is the same for each try, so that a receiver knows a repeat. `body` is JSON."""

    name: str
    subject: str
    text: str
    body: bytes

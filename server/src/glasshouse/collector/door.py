"""What every door does: translate one wire format to the canonical item, and answers back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from glasshouse.collector.desk import Desk
from glasshouse.collector.parcel import Parcel, RefusedError


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it goes out."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Door(Protocol):
    """One wire format. A door keeps no state; it never looks at Content-Type."""

    @property
    def name(self) -> str:
        """The door's name in accounting and manifests."""

    @property
    def routes(self) -> tuple[tuple[str, str], ...]:
        """The methods and paths by which its clients send."""

    def open(self, parcel: Parcel, desk: Desk) -> None:
        """Find the product and turn the body into entries and verdicts, one for each item.

        Sets `received` to the number of items. Raises `RefusedError` for the whole request.
        """

    def answer(self, parcel: Parcel) -> Reply:
        """What the client hears once everything accepted is on disk."""

    def refuse(self, refused: RefusedError) -> Reply:
        """What the client hears when the request as a whole is refused."""

    def busy(self, status: int, seconds: int) -> Reply:
        """What makes this door's clients come back later."""

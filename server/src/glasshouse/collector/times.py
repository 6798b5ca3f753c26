"""When an item happened, as far as a foreign clock can be believed."""

from datetime import UTC, datetime, timedelta
from typing import Any

# A host whose clock is this much ahead is believed to mean now; more is no time at all.
AHEAD = timedelta(hours=24)
# How long ago a product of unknown retention may be told about.
PAST = timedelta(days=800)
# What a time beyond the calendar becomes: as impossible as it was.
NO_TIME = datetime.max.replace(tzinfo=UTC)


def corrected(at: datetime, sent_at: datetime | None, received_at: datetime) -> datetime:
    """The item's time by this server's clock.

    The client says by its own clock when the item happened and when it was sent; the distance
    between the two is right even where the clock is wrong (Segment's rule).
    """
    try:
        if at.tzinfo is not UTC:
            at = at.astimezone(UTC)
        return at if sent_at is None else received_at - (sent_at - at)
    except OverflowError:
        return NO_TIME


def possible_times(received_at: datetime) -> tuple[datetime, datetime]:
    """The oldest and the newest time that is believed of what was received now."""
    return received_at - PAST, received_at + AHEAD


# Numbers below are seconds since 1970, others milliseconds: as seconds this one is the year 5138,
# as milliseconds it is 1973.
_MILLISECONDS_FROM = 100_000_000_000


def foreign_time(value: Any) -> datetime | None:
    """A time as foreign clients write it: ISO 8601 (UTC where no zone is given), or a number of
    seconds or milliseconds since 1970. None if it is neither.
    """
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value[:64])
        except ValueError:
            return None
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = value if abs(value) < _MILLISECONDS_FROM else value / 1000
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):  # beyond the calendar, or no number at all
        return NO_TIME

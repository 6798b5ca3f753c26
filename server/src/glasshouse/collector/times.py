"""When an item happened, as far as a foreign clock can be believed."""

from datetime import UTC, datetime, timedelta

# A host whose clock is this much ahead is believed to mean now; more is no time at all.
AHEAD = timedelta(hours=24)
# How long ago a product of unknown retention may be told about.
PAST = timedelta(days=800)


def corrected(at: datetime, sent_at: datetime | None, received_at: datetime) -> datetime:
    """The item's time by this server's clock.

    The client says by its own clock when the item happened and when it was sent; the distance
    between the two is right even where the clock is wrong (Segment's rule).
    """
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    if sent_at is None:
        return at
    return received_at - (sent_at - at)


def is_impossible(at: datetime, received_at: datetime) -> bool:
    return at > received_at + AHEAD or at < received_at - PAST

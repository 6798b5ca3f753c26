"""The clock that everything under one address goes by."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)

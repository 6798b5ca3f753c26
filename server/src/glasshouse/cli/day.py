"""A day on the command line."""

from datetime import date

from glasshouse.cli.errors import CommandError


def checked_day(flag: str, text: str) -> str:
    """The day as it was typed. Raises `CommandError` if it is none."""
    try:
        is_day = date.fromisoformat(text).isoformat() == text
    except ValueError:
        is_day = False
    if not is_day:
        raise CommandError(f"{flag}: found '{text}'; expected a day such as 2026-10-01", status=2)
    return text

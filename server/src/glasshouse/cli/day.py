"""A day on the command line."""

import argparse
from datetime import date


def day(text: str) -> str:
    """The day as it was typed; the one who typed it hears if it is none."""
    try:
        is_day = date.fromisoformat(text).isoformat() == text
    except ValueError:
        is_day = False
    if not is_day:
        raise argparse.ArgumentTypeError(f"found '{text}'; expected a day such as 2026-10-01")
    return text

"""What is wrong with a question, in words that say what to ask instead."""

import difflib
from collections.abc import Iterable


class QuestionError(ValueError):
    """A question that cannot be answered as asked: the command line exits 2, the API says 400."""

    def __init__(self, where: str, found: str, expected: str, hint: str = "") -> None:
        self.where = where
        self.found = found
        self.expected = expected
        self.hint = hint
        advice = f" {hint}" if hint else ""
        super().__init__(f"{where}: found {found}; expected {expected}.{advice}")


class SqlError(ValueError):
    """A person's own query that is wrong, not allowed, or too slow; the message says which."""


class UnknownProductError(QuestionError):
    """No manifest with this slug is registered here."""


class UnknownQuestionError(QuestionError):
    """There is no question of this name."""


def one_of(choices: Iterable[str]) -> str:
    """'a', 'b' or 'c', for the expected part of a message."""
    quoted = [f"'{choice}'" for choice in choices]
    if len(quoted) < 2:
        return "".join(quoted) or "nothing"
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def did_you_mean(found: str, choices: Iterable[str]) -> str:
    """A hint towards the closest choice; empty when none is close."""
    close = difflib.get_close_matches(found.lower(), list(choices), n=1, cutoff=0.6)
    return f"Did you mean '{close[0]}'?" if close else ""

"""`diff`: what this manifest says beyond an older one, in words for the people concerned."""

from __future__ import annotations

import argparse
from typing import Any

from glasshouse_sdk.cli.subject import CommandError, Subject
from glasshouse_sdk.compiled import load_compiled
from glasshouse_sdk.difference import difference, difference_text, untold
from glasshouse_sdk.manifest import ManifestError


def diff(subject: Subject, arguments: argparse.Namespace) -> tuple[Any, bool]:
    """Not well if something widens that the people who saw the old manifest would not be told."""
    try:
        old = load_compiled(arguments.old)
    except OSError as error:
        raise CommandError(f"{arguments.old}: {error.strerror}; expected a manifest") from None
    except (ManifestError, ValueError, KeyError) as error:
        raise CommandError(f"{arguments.old} is no manifest:\n{error}") from None
    try:
        hidden = untold(old, subject.compiled)
        changes = difference(old, subject.compiled)
    except (KeyError, TypeError, AttributeError):  # JSON that only looks compiled
        found = f"{arguments.old}: found a compiled manifest that is not whole"
        raise CommandError(f"{found}; expected one as `compile` writes it") from None
    return {
        "from": old["digest"],
        "to": subject.compiled["digest"],
        "changes": [change.as_dict() for change in changes],
        "untold": [change.as_dict() for change in hidden],
    }, not hidden


diff_text = difference_text

"""`~/.piperider/profile.yml`: who uses PipeRider, and whether that may be told.

    user_id: 3f2a…
    anonymous_tracking: true

The first run writes both. What a person has changed there is never changed back.
"""

import contextlib
import os
import uuid
from collections.abc import Mapping
from pathlib import Path

import yaml


def home_directory(environment: Mapping[str, str]) -> Path | None:
    """`~/.piperider`; None where there is no home."""
    home = environment.get("HOME") or environment.get("USERPROFILE")
    return Path(home) / ".piperider" if home else None


def keep_profile(directory: Path) -> None:
    """Writes the profile unless there is one. Raises OSError."""
    path = directory / "profile.yml"
    directory.mkdir(parents=True, exist_ok=True)
    text = f"user_id: {uuid.uuid4().hex}\nanonymous_tracking: true\n"
    temporary = directory / f".profile.{os.getpid()}"
    temporary.write_text(text)
    try:
        # A link never replaces: the profile that is there holds, that of a quicker first run too.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(temporary)
    finally:
        temporary.unlink()


def user_id(directory: Path) -> str | None:
    """The id in the profile; None if there is none to be read."""
    try:
        facts = yaml.safe_load((directory / "profile.yml").read_text())
    except (OSError, ValueError, yaml.YAMLError):
        return None
    found = facts.get("user_id") if isinstance(facts, dict) else None
    return str(found) if found not in (None, "") else None

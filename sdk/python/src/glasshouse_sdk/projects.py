"""Projects that a product works on: items recorded in one carry its mark in the spool.

So that a refusal written in a project's own files removes that project's items and no others, and
so that the sender asks those files again. The mark and the path never leave this machine.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from glasshouse_sdk.state import State


def project_mark(project: str) -> str:
    """16 hex digits that stand for a project's directory."""
    from _blake2 import blake2b  # loaded by those products alone that know projects

    return blake2b(project.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def keep_project(state: State, project: str) -> str:
    """Write down which directory the mark stands for: the mark. Raises `OSError`."""
    mark = project_mark(project)
    state.once(_name(mark), lambda: project)
    return mark


def project_of(state: State, mark: str) -> str | None:
    """The directory that a mark stands for; None if that is not known any more."""
    try:
        return (state.read(_name(mark)) or "").rstrip("\n") or None
    except (OSError, ValueError):
        return None


def _name(mark: str) -> str:
    return f"project-{mark}"

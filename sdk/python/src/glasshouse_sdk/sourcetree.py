"""Whether the product runs out of a source tree: an editable installation, or a checkout.

A compiled manifest that lies in a Python package whose surrounding directory has a project file or
a repository was never installed: what it records is its developers' own, and counts apart.
"""

from __future__ import annotations

import os

MARKS = ("pyproject.toml", "setup.py", "setup.cfg", ".git", ".hg")
INSTALLED = ("site-packages", "dist-packages")
SOURCES = ("src", "lib")


def is_in_source_tree(manifest: str) -> bool:
    """Whether this path is within a package that was not installed. Looks at a few names only."""
    directory = os.path.dirname(os.path.abspath(manifest))
    if not _is_package(directory):
        return False
    while _is_package(directory):
        directory = os.path.dirname(directory)
    if any(name in INSTALLED for name in directory.split(os.sep)):
        return False
    places = [directory]
    if os.path.basename(directory) in SOURCES:
        places.append(os.path.dirname(directory))
    return any(os.path.exists(os.path.join(place, mark)) for place in places for mark in MARKS)


def _is_package(directory: str) -> bool:
    return os.path.exists(os.path.join(directory, "__init__.py"))

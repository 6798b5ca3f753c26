"""Whose the run is that items come from: one in production, of developers, of a build service.

The variables of test runners and build services tell; and what runs out of its source tree is its
developers' own, and counts apart: a compiled manifest that lies in a Python package whose
surrounding directory has a project file or a repository was never installed.
"""

from __future__ import annotations

import os

from glasshouse_sdk.environment import BUILD_VARIABLES, TEST_VARIABLES, is_set

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

MARKS = ("pyproject.toml", "setup.py", "setup.cfg", ".git", ".hg")
INSTALLED = ("site-packages", "dist-packages")
SOURCES = ("src", "lib")


def origin_to_record(
    said: str | None,
    environ: Mapping[str, str],
    manifest: str | os.PathLike[str] | dict[str, Any],
) -> str:
    """What the product says of itself, else what can be seen. Raises `ValueError`."""
    origin = _seen(environ, manifest) if said is None else said
    if origin not in ("production", "development", "ci"):
        raise ValueError(f"origin: found '{origin}'; expected production, development or ci")
    return origin


def _seen(environ: Mapping[str, str], manifest: str | os.PathLike[str] | dict[str, Any]) -> str:
    origin = origin_of(environ)
    if origin != "production" or isinstance(manifest, dict):
        return origin
    return "development" if is_in_source_tree(os.fspath(manifest)) else origin


def origin_of(environ: Mapping[str, str]) -> str:
    """Who runs the product, as far as its environment tells: `ci`, `development`, `production`."""
    for origin, names in (("development", TEST_VARIABLES), ("ci", BUILD_VARIABLES)):
        if any(is_set(environ, name) for name in names):
            return origin
    return "production"


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

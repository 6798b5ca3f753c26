"""What a command is about: one product's manifest, its state on this machine, its destination."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glasshouse_sdk.compiled import load_compiled, with_parts
from glasshouse_sdk.consent import Consent, decide
from glasshouse_sdk.destination import Destination, read_destination
from glasshouse_sdk.environment import process_environment
from glasshouse_sdk.installation import ENDING
from glasshouse_sdk.manifest import ManifestError
from glasshouse_sdk.state import State, default_directory
from glasshouse_sdk.surroundings import Surroundings, is_in_project


class CommandError(Exception):
    """A command that cannot be done; the text says what was found, expected, and what to do."""


@dataclass(frozen=True, slots=True)
class Subject:
    manifest: str
    compiled: dict[str, Any]
    state: State
    surroundings: Surroundings
    endpoint: str | None
    key: str | None

    @property
    def slug(self) -> str:
        return str(self.compiled["product"]["slug"])

    def consent(self) -> Consent:
        return decide(self.compiled, self.surroundings, self.state)

    def destination(self) -> Destination:
        """As given here, else as the product last used it, else as the manifest says."""
        try:
            known = read_destination(self.state)
        except (OSError, ValueError, KeyError, TypeError):
            known = None
        endpoint = self.endpoint or (known.endpoint if known else "")
        key = self.key if self.key is not None else (known.key if known else "")
        return Destination(
            endpoint or self.compiled["product"]["endpoint"],
            key or "",
            self.compiled,
            self.surroundings.for_sender(),
        )


def subject(arguments: argparse.Namespace) -> Subject:
    """Raises `CommandError` if the manifest cannot be used or there is no place for the state."""
    if arguments.manifest is None:
        raise CommandError("found no --manifest; expected the product's manifest, TOML or compiled")
    try:
        compiled = load_compiled(arguments.manifest)
    except OSError as error:
        raise CommandError(f"{arguments.manifest}: {error.strerror}; expected a manifest") from None
    except ManifestError as error:
        raise CommandError(f"{arguments.manifest} is no manifest:\n{error}") from None
    except (ValueError, KeyError) as error:
        raise CommandError(f"{arguments.manifest}: {error}") from None
    environ = process_environment()
    directory = arguments.state or default_directory(
        compiled["product"]["slug"], environ, sys.platform
    )
    if not directory:
        raise CommandError("found no home directory; expected HOME, XDG_STATE_HOME or --state DIR")
    return Subject(
        arguments.manifest,
        with_parts(compiled, _installed_parts(arguments, State(directory), compiled)),
        State(directory),
        _surroundings(arguments, State(directory), environ, compiled),
        arguments.endpoint,
        arguments.key,
    )


def _installed_parts(
    arguments: argparse.Namespace, state: State, compiled: Mapping[str, Any]
) -> list[str] | None:
    """As given here, else as the product last said; None, for all of them, if it never did."""
    if arguments.parts is not None:
        named = [name for name in arguments.parts.split(",") if name]
        unknown = sorted(set(named) - set(compiled.get("parts", ())))
        if unknown:
            known = ", ".join(compiled.get("parts", ())) or "none is declared"
            raise CommandError(f"--parts: found {', '.join(unknown)}; expected of: {known}")
        return named
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        destination = read_destination(state)
        if destination is not None and destination.manifest["digest"] == compiled["digest"]:
            return list(destination.manifest["parts"])
    return None


def _surroundings(
    arguments: argparse.Namespace,
    state: State,
    environ: Mapping[str, str],
    compiled: Mapping[str, Any],
) -> Surroundings:
    """The product's properties are known from its last run; the project is where one stands."""
    known: Mapping[str, Any] = {}
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        destination = read_destination(state)
        known = destination.surroundings if destination is not None else {}
    project = arguments.project
    if project is None and any(is_in_project(s["file"] or "/") for s in compiled["switches"]):
        project = os.getcwd()
    return Surroundings(
        environ,
        project=project,
        properties=known.get("properties"),
        policy=arguments.policy or known.get("policy"),
        installation=arguments.installation
        or known.get("installation")
        or _beside(arguments.manifest, compiled["product"]["slug"]),
    )


def _beside(manifest: str, slug: str) -> str | None:
    """Where the agent looks for a refusal: it may have been given before the product ever ran."""
    directory = os.path.dirname(os.path.abspath(manifest))
    return directory if os.path.exists(os.path.join(directory, slug + ENDING)) else None

"""One product on this machine, as the agent serves it: a round takes its files and sends."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from glasshouse_sdk.agent.dropping import (
    Dropped,
    PoisonedError,
    empty_quarantine,
    put_in_quarantine,
    read_dropped,
    waiting_files,
)
from glasshouse_sdk.compiled import load_compiled
from glasshouse_sdk.schedule import read_delivery
from glasshouse_sdk.state import State
from glasshouse_sdk.telemetry import Telemetry
from glasshouse_sdk.values import RefusedError

MANIFEST, KEY, INSTANCE = ".json", ".key", ".instance"


@dataclass(frozen=True, slots=True)
class Product:
    """`manifest`, `key` and `instance` are files that the product's package installs; the last one
    holds the identity by which its programs know this machine, if they do.
    """

    slug: str
    manifest: str
    key: str
    instance: str
    drop: str
    state: str


@dataclass(slots=True)
class Round:
    """What one round did, for the journal of the service."""

    slug: str
    taken: int = 0
    quarantined: dict[str, str] = field(default_factory=dict)
    discarded: int = 0
    sent: str = ""
    problem: str = ""

    @property
    def is_quiet(self) -> bool:
        return not (self.taken or self.quarantined or self.discarded or self.sent or self.problem)


def products_in(directory: str, drop: str, state: str) -> list[Product]:
    """Every product whose compiled manifest lies in the directory. Raises `OSError`."""
    slugs = sorted(n.removesuffix(MANIFEST) for n in os.listdir(directory) if n.endswith(MANIFEST))
    return [
        Product(
            slug,
            os.path.join(directory, slug + MANIFEST),
            os.path.join(directory, slug + KEY),
            os.path.join(directory, slug + INSTANCE),
            os.path.join(drop, slug),
            os.path.join(state, slug),
        )
        for slug in slugs
    ]


def serve(
    product: Product, environ: Mapping[str, str], *, policy: str | None, seconds: float
) -> Round:
    """Take every file that waits, then send if it is time, for so many seconds at most."""
    done = Round(product.slug)
    try:
        compiled = load_compiled(product.manifest)
        telemetry = Telemetry(
            compiled, key=_text(product.key), state=product.state, environment=environ,
            instance=_text(product.instance) or None, policy=policy,
            # Beside the manifest stands what was refused when the product was installed.
            installation=os.path.dirname(product.manifest),
            sends_at_exit=False, strict=True,
        )  # fmt: skip
        if os.path.isdir(product.drop):
            _take_all(product, telemetry, done)
            empty_quarantine(product.drop, time.time())
        is_due = read_delivery(State(product.state)).is_due(time.time())
        is_due = is_due and not telemetry.is_quiet
        if telemetry.waiting() and is_due and telemetry.consent == "on":
            done.sent = telemetry.send(seconds)
            if done.sent == "waiting":
                done.problem = read_delivery(State(product.state)).problem
    except (OSError, ValueError, KeyError, TypeError) as error:
        done.problem = f"{type(error).__name__}: {error}"
    return done


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""


def _take_all(product: Product, telemetry: Telemetry, done: Round) -> None:
    for path in waiting_files(product.drop):
        if telemetry.consent == "off":  # also if it was turned off a moment ago
            os.unlink(path)
            done.discarded += 1
            continue
        try:
            dropped = read_dropped(path)
            done.taken += _take(dropped, telemetry)
        except FileNotFoundError:
            continue  # its program took it back
        except (PoisonedError, RefusedError) as error:
            put_in_quarantine(path, str(error))
            done.quarantined[os.path.basename(path)] = str(error)
            continue
        os.unlink(path)


def _take(dropped: Dropped, telemetry: Telemetry) -> int:
    """Record the items of a file, all or none. A file that is met again, because this process was
    ended before it could remove it, gives the same ids, and the collector counts them once.
    """
    name = os.path.basename(dropped.path)
    return telemetry.record_all(dropped.items, at=dropped.written_at, seed=name)

"""What one run of the product is, and who started it: a person, a CI system, another run.

A run hands its id down to what it starts, in the environment:

    GLASSHOUSE_RUN="acme=0f3c…:4711 piperider=…:4712"      slug = id : process

A run that finds its own product there was started by a run of it: it has the same id, so that the
two are linked, and it leaves out what the manifest says to count once (`nested = "skip"`). The
process tells a second `Telemetry` in one process from a run within a run.

Only a product whose manifest asks for any of this writes that variable.
"""

from __future__ import annotations

import os

from glasshouse_sdk.environment import ASSISTANT_VARIABLES, RUN, hand_down_run, is_set
from glasshouse_sdk.origin import origin_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

FILLED_IN = ("run", "nested", "run-by")
LONGEST_ID = 64


class Run:
    """The id of this run, which a nested one shares, and who started it."""

    __slots__ = ("by", "id", "is_nested")

    def __init__(self, run_id: str, *, is_nested: bool, by: str) -> None:
        self.id = run_id
        self.is_nested = is_nested
        self.by = by

    def filled_in(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The values of those declared fields that the client fills in by itself."""
        values = {"run": self.id, "nested": self.is_nested, "run-by": self.by}
        return {
            name: values[field["means"]]
            for name, field in fields.items()
            if field.get("means") in FILLED_IN
            and (field["means"] != "run-by" or self.by in field["values"])
        }


def this_run(slug: str, environ: Mapping[str, str], *, hands_down: bool) -> Run:
    """The run that this process is, or is a part of; `hands_down`: tell those that it starts."""
    known = _inherited(environ.get(RUN, ""), slug)
    process = str(os.getpid())
    run_id, started_by = known or (os.urandom(16).hex(), process)
    if known is None and hands_down:
        hand_down_run(slug, f"{run_id}:{process}")
    return Run(run_id, is_nested=started_by != process, by=run_by(environ))


def run_by(environ: Mapping[str, str]) -> str:
    """`assistant`, `ci` or `person`: who runs the product, as far as its environment tells."""
    if any(_tells(environ, name, values) for name, values, _ in ASSISTANT_VARIABLES):
        return "assistant"
    return "ci" if origin_of(environ) == "ci" else "person"


def _tells(environ: Mapping[str, str], name: str, values: tuple[str, ...]) -> bool:
    return environ.get(name, "").lower() in values if values else is_set(environ, name)


def _inherited(text: str, slug: str) -> tuple[str, str] | None:
    for entry in text.split():
        name, _, rest = entry.partition("=")
        run_id, _, process = rest.partition(":")
        if name == slug and 0 < len(run_id) <= LONGEST_ID and run_id.isalnum():
            return run_id, process
    return None

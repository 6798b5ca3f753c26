"""For the tests of products: what was recorded, and nothing sent.

    from glasshouse_sdk.testing import recorded

    def test_a_run_is_counted():
        with recorded("acme.json") as recording:
            acme.main(["run"], telemetry=recording.telemetry)
        assert recording.fields("command_finished") == [{"command": "run", "seconds": 1.5}]

Whatever the manifest does not allow is raised. Nothing leaves, nothing of the environment or the
home directory is looked at, and the values are those that would leave: hashed, cut down to buckets,
or `other`, as the manifest says.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from glasshouse_sdk.compiled import load_compiled
from glasshouse_sdk.items import declared_path
from glasshouse_sdk.telemetry import Telemetry


class Recording:
    """A strict `telemetry` to hand to the product, and what was recorded with it."""

    def __init__(self, telemetry: Telemetry, paths: Mapping[str, Any]) -> None:
        self.telemetry = telemetry
        self._paths = paths
        self._items: tuple[dict[str, Any], ...] | None = None

    @property
    def items(self) -> tuple[dict[str, Any], ...]:
        """Everything that was recorded, in order, as it would leave."""
        return self.telemetry.waiting() if self._items is None else self._items

    def fields(self, name: str) -> list[dict[str, Any]]:
        """The fields of every item of one name or path. Raises `ValueError` if undeclared."""
        path = declared_path(name, self._paths)
        return [item["fields"] for item in self.items if item["item"] == path]

    def close(self) -> None:
        """Keep what was recorded at hand, without the files."""
        self._items = self.items


@contextmanager
def recorded(
    manifest: str | os.PathLike[str] | dict[str, Any], **options: Any
) -> Iterator[Recording]:
    """A recording for the time of a test. `options` as `Telemetry` takes them."""
    compiled = load_compiled(manifest)
    with tempfile.TemporaryDirectory(prefix="glasshouse-testing-") as directory:
        defaults: dict[str, Any] = {
            "state": os.path.join(directory, "state"),
            "policy": os.path.join(directory, "policy.d"),
            "environment": {},
            "strict": True,
            "sends_at_exit": False,
        }
        telemetry = Telemetry(_agreed(compiled), **{**defaults, **options})
        recording = Recording(telemetry, compiled["items"])
        try:
            yield recording
        finally:
            recording.close()


def _agreed(compiled: dict[str, Any]) -> dict[str, Any]:
    """The manifest for a person who agreed: tests are about what is recorded then."""
    product = {**compiled["product"], "default": "on", "notice": "documents", "way": "agent"}
    return {**compiled, "product": product, "switches": []}

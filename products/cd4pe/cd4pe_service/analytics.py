"""When the numbers leave, and whether they may.

The answer to `ANALYTICS=false` is kept in the data volume, with what else the two kinds of
telemetry keep: of the installation itself, and of its pages.
"""

import contextlib
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from cd4pe_service.container_variables import SECRET
from cd4pe_service.inventory import Inventory
from cd4pe_service.usage import account_records
from glasshouse_sdk import Telemetry
from glasshouse_sdk.answers import UnreadableAnswersError, read_answers
from glasshouse_sdk.browser.relay import Relay
from glasshouse_sdk.compiled import load_compiled
from glasshouse_sdk.state import State

PRODUCT = Path(__file__).resolve().parents[1]
MANIFEST = PRODUCT / "manifest.toml"
PAGES_MANIFEST = PRODUCT / "console" / "manifest.toml"
LOOK_EVERY = 3600.0  # seconds between looks whether a week is over
SECONDS_TO_SEND = 20.0


class Analytics:
    """`release` is the version of the product that runs; a key is only needed to send."""

    def __init__(
        self,
        disk: Path,
        environ: Mapping[str, str],
        *,
        release: str,
        endpoint: str | None = None,
        key: str | None = None,
    ) -> None:
        self._disk = disk
        self._compiled = load_compiled(MANIFEST)
        self._compiled_pages = load_compiled(PAGES_MANIFEST)
        # No secret can leave that is not handed on.
        self._environ = {name: text for name, text in environ.items() if name not in SECRET}
        self._given: dict[str, Any] = {"version": release, "endpoint": endpoint, "key": key}

    def installation(self, license_uuid: str | None = None) -> Telemetry:
        """Decides anew whether it is on; off is kept in the data volume before this returns."""
        return Telemetry(
            self._compiled,
            state=self._disk / "analytics" / "installation",
            identities={} if license_uuid is None else {"license": license_uuid},
            environment=self._environ,
            sends_at_exit=False,
            **self._given,
        )

    def pages(self) -> Telemetry:
        """The same for what pages send, which leaves by the relay alone."""
        return Telemetry(
            self._compiled_pages,
            state=self._disk / "analytics" / "pages",
            environment=self._environ,
            sends_at_exit=False,
        )

    def relay(self) -> Relay:
        """What the pages' trackers talk to; asks for every request whether they may."""
        return Relay(
            self._compiled_pages,
            endpoint=self._given["endpoint"],
            environment=self._environ,
            state=self._disk / "analytics" / "pages",
        )

    def answer(self, says: str) -> None:
        """`on` or `off`, for the installation and its pages."""
        for telemetry in (self.installation(), self.pages()):
            telemetry.answer(says, by="cd4pe.py analytics")

    def refused_at(self) -> str | None:
        """When the installation was opted out by an answer that the data volume keeps."""
        try:
            answers = read_answers(State(str(self._disk / "analytics" / "installation")))
        except UnreadableAnswersError:  # it is off, and nobody can say since when
            return None
        return next((each.at for each in answers.values() if each.says == "off"), None)

    def report_when_due(self, inventory: Inventory) -> None:
        """At the first start, at the first start after an upgrade, and weekly."""
        telemetry = self.installation(inventory.fact("license"))
        telemetry.record_when_due("installation", lambda: {"accounts": account_records(inventory)})
        telemetry.send(SECONDS_TO_SEND)

    def start(self, inventory: Inventory) -> threading.Event:
        """Looks now and every hour, beside the service; until the event is set."""
        stop = threading.Event()

        def run() -> None:
            while True:
                # A database that is away now is asked again in an hour; nobody waits for this.
                with contextlib.suppress(SQLAlchemyError):
                    self.report_when_due(inventory)
                if stop.wait(LOOK_EVERY):
                    return

        threading.Thread(target=run, name="analytics", daemon=True).start()
        return stop

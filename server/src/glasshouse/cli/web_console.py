"""The console of a process that serves it: who may come in, its pages, its alerts, its token."""

import secrets
import socket
import time
from collections.abc import Callable, Sequence
from functools import partial

from glasshouse.cli.alerting import AlertThread, watch_of
from glasshouse.cli.application import Application
from glasshouse.cli.beside import beside_of
from glasshouse.cli.crew.crew import Crew
from glasshouse.cli.installation import Installation
from glasshouse.cli.listening import address_of, is_loopback
from glasshouse.cli.parts import During, Part
from glasshouse.cli.server_file import server_file
from glasshouse.cli.server_state import server_state
from glasshouse.cli.signing_in import signing_in_of
from glasshouse.collector.app import Collector
from glasshouse.console.access import Access
from glasshouse.console.app import console_app
from glasshouse.console.pace import ReaderPace


class WebConsole:
    """The pages of an installation on a socket, under a token made for this run."""

    def __init__(
        self, installation: Installation, collector: Collector, listening: socket.socket
    ) -> None:
        """`collector` has the window on what was refused of late; people come in by `listening`."""
        settings = installation.settings
        self._installation = installation
        self._collector = collector
        self._address = address_of(listening)
        self._token = secrets.token_urlsafe(24)
        signing_in = signing_in_of(installation, self._token)
        self._access = Access(
            self._token,
            installation.people,
            installation.records,
            open_on_loopback=is_loopback(listening),
            openid_title=signing_in.openid.provider.title if signing_in else "",
            pace=ReaderPace(time.monotonic, settings.requests_per_second),
        )
        self._watch = watch_of(installation)
        self._pages = console_app(
            installation.insight,
            self._access,
            live=collector.quarantine.live,
            kinds=collector.quarantine.kinds,
            signing_in=signing_in,
            beside=beside_of(installation, self._watch, installation.forget_requests.counts),
            state=partial(server_state, installation),
        )

    def application(self, crew: Crew | None = None, *, has_doors: bool = True) -> Application:
        """The pages and all that has one address with them."""
        return Application(
            self._installation,
            self._collector,
            self._pages,
            self._access,
            crew,
            has_doors=has_doors,
        )

    def parts(self, tells_people: Callable[[], bool] = lambda: True) -> Sequence[Part]:
        """What runs beside the pages. `tells_people`: whether alerts fall to this process."""
        data = self._installation.settings.data
        return (
            During(AlertThread(self._watch, tells_people)),
            During(server_file(data, self._address, self._token)),
        )

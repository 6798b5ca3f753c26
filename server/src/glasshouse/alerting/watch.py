"""Looks at what is due, tells whoever is to be told, and remembers what was seen.

What an alert has seen moves on only when it was delivered: until then the same news, or more, is
told again later. Nothing of an answer is kept meanwhile, so an erasure has nothing to find here.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from glasshouse.alerting.letter import DeliveryError, Letter
from glasshouse.alerting.wording import Telling, as_object, as_text, body_of
from glasshouse.insight import Insight, QuestionError
from glasshouse.insight.answer import Answer
from glasshouse.insight.news import WATCHED, News, news_of
from glasshouse.insight.traits import has_organizations
from glasshouse.notices import Notice, tell
from glasshouse.office import Alert, Contact, Office, OfficeError, SavedAdvisory
from glasshouse.people import Reader, Records, Register, Way
from glasshouse.people.rights import rights_of

ADVISORY, ORGANIZATIONS = "advisory", "advisory_organizations"
EVERY = 30.0  # seconds between two looks at what is due


Deliver = Callable[[Alert, Letter, datetime], None]
"""Raises `DeliveryError`."""


@dataclass(frozen=True, slots=True)
class Watch:
    """`key` hides what was seen; `public_address` is where people reach this server."""

    insight: Insight
    office: Office
    people: Register
    records: Records
    deliver: Deliver
    clock: Callable[[], datetime]
    key: bytes
    public_address: str = ""

    def run(self, stop: threading.Event, is_mine: Callable[[], bool] = lambda: True) -> None:
        """Until stopped. `is_mine` says whether it falls to this process, of several, to tell."""
        while True:
            try:
                if is_mine():
                    self.turn()
            # Whoever waits for alerts relies on it going on; what is due stays due.
            except Exception as error:  # noqa: BLE001
                tell(Notice.DEFECT, error=type(error).__name__, place="alerting")
            if stop.wait(EVERY):
                return

    def turn(self) -> int:
        """Look at everything that is due; how many were told."""
        return sum(self._look(alert) for alert in self.office.alerts.due())

    def try_out(self, alert: Alert) -> str:
        """Send what says that it is a trial; what went wrong, or nothing."""
        subject = f"{alert.product}: a trial of the alert {alert.id}"
        text = f"{subject}\n\nNothing has happened. What this alert tells will look like this.\n"
        document = {"type": "trial", "alert": alert.id, "subject": subject}
        name = f"trial-{alert.id}-{int(self.clock().timestamp())}"
        letter = Letter(name, subject, text, body_of(document))
        try:
            self.deliver(alert, letter, self.clock())
        except DeliveryError as error:
            return str(error)
        return ""

    def _look(self, alert: Alert) -> bool:
        alerts = self.office.alerts
        try:
            advisory = (
                self.office.advisories.one(alert.product, alert.advisory)
                if alert.advisory
                else None
            )
            reader = self._reader(alert)
            news = news_of(self._answer(alert, advisory), alert.seen, self.key)
        except (QuestionError, OfficeError) as error:
            # Such as an advisory that was disclosed after the last day that is over.
            alerts.looked(alert, alert.seen or {}, told=False, problem=str(error))
            return False
        if news:
            if reader is not None:
                self.records.raw_read(reader, f"alert: {news.answer.question}", alert.product)
            try:
                self._tell(self._telling(alert, news.answer, advisory), news)
            except DeliveryError as error:
                tell(Notice.UNTOLD, alert=alert.id, way=alert.medium, failures=alert.failures + 1)
                alerts.failed(alert, str(error))
                return False
        alerts.looked(alert, news.seen, told=bool(news))
        return bool(news)

    def _reader(self, alert: Alert) -> Reader | None:
        """Who reads exactly; None for a suppressed alert. Raises `OfficeError`."""
        if not alert.raw:
            return None
        person = self.people.person(alert.person)
        if person is None or not person.raw:
            raise OfficeError(f"'{alert.person}' has no raw access any more; make the alert anew")
        rights = rights_of(person.role, raw=person.raw)
        return Reader(f"{person.name}, alert {alert.id}", rights, Way.ALERT, person.name)

    def _answer(self, alert: Alert, advisory: SavedAdvisory | None) -> Answer:
        """As the alert's access has it. Raises `QuestionError`."""
        if advisory is None:
            return self._ask(alert, alert.question, alert.words)
        words = advisory.words()
        manifest = self.insight.product(alert.product).manifest
        if alert.raw and has_organizations(manifest):
            return self._ask(alert, ORGANIZATIONS, words)
        return self._ask(alert, ADVISORY, words)

    def _ask(self, alert: Alert, question: str, words: Mapping[str, Sequence[str]]) -> Answer:
        ask = self.insight.ask if alert.raw else self.insight.ask_suppressed
        return ask(question, words)

    def _telling(self, alert: Alert, answer: Answer, advisory: SavedAdvisory | None) -> Telling:
        known: dict[str, Contact] = {}
        if alert.raw and answer.question == ORGANIZATIONS:
            named = {str(row[0]) for row in answer.rows}
            known = {
                contact.organization: contact
                for contact in self.office.contacts.of(alert.product)
                if contact.organization in named
            }
        link = f"{self.public_address.rstrip('/')}/alerts" if self.public_address else ""
        name = self.insight.product(alert.product).manifest.product.name
        return Telling(alert, answer, name, WATCHED[answer.question].says, advisory, known, link)

    def _tell(self, telling: Telling, news: News) -> None:
        alert = telling.alert
        seen = json.dumps([alert.id, alert.seen, news.seen], sort_keys=True)
        name = hashlib.sha256(seen.encode()).hexdigest()[:32]
        body = body_of(as_object(telling))
        self.deliver(alert, Letter(name, telling.subject, as_text(telling), body), self.clock())

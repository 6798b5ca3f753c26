"""Telling people as their alert says: the one place that knows the mail server and the key."""

from dataclasses import dataclass
from datetime import datetime

from glasshouse.alerting.letter import DeliveryError, Letter
from glasshouse.alerting.mail import MailServer, send_mail
from glasshouse.alerting.webhook import post, secret_of
from glasshouse.office import Alert
from glasshouse.office.alerts import Medium


@dataclass(frozen=True, slots=True)
class Delivery:
    """`mail` is None where the settings name no mail server; `key` makes webhooks' secrets."""

    mail: MailServer | None
    key: bytes

    def __call__(self, alert: Alert, letter: Letter, now: datetime) -> None:
        """Raises `DeliveryError`."""
        if alert.medium is Medium.WEBHOOK:
            post(alert.destination, secret_of(self.key, alert.id), letter, now)
        elif self.mail is None:
            raise DeliveryError("no mail server is set: GLASSHOUSE_MAIL_SERVER")
        else:
            send_mail(self.mail, alert.destination, letter, now)

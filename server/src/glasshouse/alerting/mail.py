"""Mail by a mail server of the settings."""

import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from enum import StrEnum

from glasshouse.alerting.letter import DeliveryError, Letter

SECONDS = 15


class Security(StrEnum):
    """How the way to the mail server is kept from others' eyes."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class MailServer:
    """`password` is empty where the server asks for none."""

    host: str
    port: int
    security: Security
    user: str
    password: str
    sender: str


def send_mail(server: MailServer, to: str, letter: Letter, now: datetime) -> None:
    """Raises `DeliveryError`."""
    host = server.sender.rpartition("@")[2].strip(">")
    message = EmailMessage()
    message["From"] = server.sender
    message["To"] = to
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{letter.name}@{host or 'glasshouse'}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    context = ssl.create_default_context()
    try:
        with (
            smtplib.SMTP_SSL(server.host, server.port, timeout=SECONDS, context=context)
            if server.security is Security.TLS
            else smtplib.SMTP(server.host, server.port, timeout=SECONDS)
        ) as connection:
            if server.security is Security.STARTTLS:
                connection.starttls(context=context)
            if server.user:
                connection.login(server.user, server.password)
            connection.send_message(message)
    except smtplib.SMTPResponseException as error:
        raise DeliveryError(f"the mail server answered {error.smtp_code}") from None
    except smtplib.SMTPRecipientsRefused as error:
        codes = ", ".join(str(code) for code, _ in error.recipients.values())
        raise DeliveryError(f"the mail server refused the recipient ({codes})") from None
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise DeliveryError(f"the mail server cannot be used ({type(error).__name__})") from None

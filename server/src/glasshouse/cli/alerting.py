"""Alerts of a running server: the mail server of the settings, and the thread that watches."""

import hashlib
import threading
from collections.abc import Callable

from glasshouse.alerting.delivery import Delivery
from glasshouse.alerting.mail import MailServer, Security
from glasshouse.alerting.watch import Watch
from glasshouse.cli.clock import now
from glasshouse.cli.errors import CommandError
from glasshouse.cli.installation import Installation
from glasshouse.settings import Settings

LONGEST_END = 20.0  # seconds: a delivery that is under way may end


def checked_mail(settings: Settings) -> MailServer | None:
    """None where the settings name no mail server. Raises `CommandError`."""
    if not settings.mail_server:
        return None
    host, _, port = settings.mail_server.rpartition(":")
    if not host or not port.isdecimal():
        raise CommandError(
            f"GLASSHOUSE_MAIL_SERVER: found '{settings.mail_server}'; expected HOST:PORT", status=2
        )
    if "@" not in settings.mail_from:
        raise CommandError(
            f"GLASSHOUSE_MAIL_FROM: found '{settings.mail_from}'; expected the address that "
            "alerts come from",
            status=2,
        )
    if settings.mail_security not in list(Security):
        raise CommandError(
            f"GLASSHOUSE_MAIL_SECURITY: found '{settings.mail_security}'; expected one of "
            f"{', '.join(Security)}",
            status=2,
        )
    security, path = Security(settings.mail_security), settings.mail_password_file
    if settings.mail_user and security is Security.NONE:
        raise CommandError(
            "GLASSHOUSE_MAIL_SECURITY: found 'none' with a user; expected starttls or tls, or the "
            "password could be read on the way",
            status=2,
        )
    try:
        password = path.read_text().strip() if path else ""
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(
            f"GLASSHOUSE_MAIL_PASSWORD_FILE: {path} cannot be read ({error})", status=2
        ) from None
    return MailServer(host, int(port), security, settings.mail_user, password, settings.mail_from)


def watch_of(installation: Installation) -> Watch:
    settings = installation.settings
    return Watch(
        installation.insight,
        installation.office,
        installation.people,
        installation.records,
        Delivery(checked_mail(settings), alert_key(installation)),
        now,
        alert_key(installation),
        settings.public_address,
    )


def alert_key(installation: Installation) -> bytes:
    """Hides what alerts have seen, and makes the secrets of webhooks."""
    key = installation.server_key()
    return hashlib.blake2b(b"alerts", key=key, digest_size=32).digest()


class AlertThread:
    """Watches while a server runs; loading and requests go on without it."""

    def __init__(self, watch: Watch, is_mine: Callable[[], bool] = lambda: True) -> None:
        """`is_mine` says whether it falls to this process, of several, to tell people."""
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=watch.run, args=(self._stop, is_mine), name="alerts", daemon=True
        )

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(LONGEST_END)

"""A signed request to a program, as https://www.standardwebhooks.com describes it.

`webhook-signature` is `v1,` and the HMAC-SHA256 of `ID.TIMESTAMP.BODY`, in base64. The secret is
made from the server's key and the alert's id, so that it is kept nowhere.
"""

import base64
import hashlib
import hmac
from datetime import datetime

import httpx

from glasshouse.alerting.letter import DeliveryError, Letter

SECONDS = 15
PREFIX = "whsec_"


def secret_of(key: bytes, alert: str) -> str:
    """The secret of an alert's webhook, as its receiver is given it."""
    found = hmac.new(key, b"webhook " + alert.encode(), hashlib.sha256).digest()
    return PREFIX + base64.b64encode(found).decode()


def signature(secret: str, name: str, moment: int, body: bytes) -> str:
    signed = f"{name}.{moment}.".encode() + body
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def post(address: str, secret: str, letter: Letter, now: datetime) -> None:
    """Raises `DeliveryError` unless the answer is a 2xx."""
    moment = int(now.timestamp())
    headers = {
        "content-type": "application/json",
        "user-agent": "glasshouse",
        "webhook-id": letter.name,
        "webhook-timestamp": str(moment),
        "webhook-signature": signature(secret, letter.name, moment, letter.body),
    }
    try:
        # The answer's body is nothing to us, however long it is.
        with httpx.stream(
            "POST", address, content=letter.body, headers=headers, timeout=SECONDS, trust_env=False
        ) as answer:
            status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DeliveryError(f"the webhook cannot be reached ({type(error).__name__})") from None
    if not 200 <= status < 300:
        raise DeliveryError(f"the webhook answered {status}; expected 200 to 299")

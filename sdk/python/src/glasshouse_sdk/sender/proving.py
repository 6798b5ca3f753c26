"""The proof that a request comes from the machine that its instance lives on.

A token made from the secret in the state directory, which itself never leaves. The collector keeps
a hash of the first one that it sees with an instance; from then on that instance needs it.
"""

from __future__ import annotations

import hashlib
import hmac

PURPOSE = "glasshouse-proof/1"


def proof(secret: str, slug: str) -> str:
    """64 hex digits: the same for all instances of one product in one state directory."""
    message = f"{PURPOSE}\0{slug}".encode()
    return hmac.new(bytes.fromhex(secret), message, hashlib.sha256).hexdigest()

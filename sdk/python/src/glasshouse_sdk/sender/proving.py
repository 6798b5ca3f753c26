"""The proof that a request comes from the machine that its instance lives on.

Two tokens are made of the secret in the state directory, which itself never leaves. The collector
keeps a hash of the first proof that it sees with an instance; from then on that instance needs it.
Everything that leaves carries the proof, so others may see it on its way. Only who holds the secret
has the key that the proof is made of: it leaves once, to have the instance forgotten.

    key      HMAC-SHA256(secret, "glasshouse-forget/1" NUL slug)
    proof    SHA-256("glasshouse-proof/2" NUL key)
"""

from __future__ import annotations

import hashlib
import hmac


def key_to_forget(secret: str, slug: str) -> str:
    """64 hex digits: the same for all instances of one product in one state directory."""
    message = f"glasshouse-forget/1\0{slug}".encode()
    return hmac.new(bytes.fromhex(secret), message, hashlib.sha256).hexdigest()


def proof(secret: str, slug: str) -> str:
    """64 hex digits: the same for all instances of one product in one state directory."""
    key = key_to_forget(secret, slug)
    return hashlib.sha256(f"glasshouse-proof/2\0{key}".encode()).hexdigest()

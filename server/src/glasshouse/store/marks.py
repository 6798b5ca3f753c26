"""The keyed hash by which an erased identity is known, so that nothing keeps it in clear."""

import hashlib


def mark(key: bytes, product: str, kind: str, identity: str) -> str:
    """A hash that only who has the key can make."""
    secret = key.hex()
    text = f"{secret}{product}\0{kind}\0{identity}{secret}"
    return hashlib.sha256(text.encode()).hexdigest()

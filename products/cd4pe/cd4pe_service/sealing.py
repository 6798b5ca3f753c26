"""Passwords and tokens as the database may hold them."""

import base64
import hashlib

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from cryptography.fernet import Fernet, InvalidToken

PASSWORDS = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class WrongKeyError(ValueError):
    """The secrets in the database were sealed with another PFI_SECRET_KEY."""


class Seal:
    """Encrypts tokens of integrations with the key that the container is started with."""

    def __init__(self, secret_key: str) -> None:
        digest = hashlib.sha256(secret_key.encode()).digest()
        self._cipher = Fernet(base64.urlsafe_b64encode(digest))

    def close(self, text: str) -> str:
        return self._cipher.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raises WrongKeyError."""
        try:
            return self._cipher.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise WrongKeyError from None


def hashed(password: str) -> str:
    return PASSWORDS.hash(password)


def is_right(stored: str, password: str) -> bool:
    try:
        return PASSWORDS.verify(stored, password)
    except VerificationError:
        return False

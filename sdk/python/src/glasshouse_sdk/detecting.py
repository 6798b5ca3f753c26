r"""Recognizes what must not leave, even in a declared field: the last look before a value is kept.

| kind              | such as                                                   |
|-------------------|-----------------------------------------------------------|
| an e-mail address | `ann@example.com`                                         |
| a user's path     | `/home/ann/x`, `/Users/ann`, `C:\Users\ann`               |
| credentials       | `https://ann:secret@host/`, `?token=…`, `Bearer …`        |
| a token           | `ghp_…`, `AKIA…`, `eyJ….….…`, 32 mixed characters or more  |

Hashes, digests, UUIDs and version numbers are none of these. No `re`: it costs the host
milliseconds. A look begins with the sign that what it looks for cannot be without, because nearly
every text is harmless and is to cost a microsecond or two.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

USER_PATHS = (
    "/home/", "/users/", "\\users\\", "/documents and settings/", "\\documents and settings\\",
    "/root/", "\\home\\", "~/", "~\\",
)  # fmt: skip
PREFIXES = (
    "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "gldt-", "xoxb-", "xoxp-",
    "xoxa-", "xoxs-", "xapp-", "sk_live_", "rk_live_", "pk_live_", "sk_test_", "sk-ant-",
    "sk-proj-", "npm_", "pypi-", "hf_", "dop_v1_", "shpat_", "ya29.", "hvs.", "AGE-SECRET-KEY-",
)  # fmt: skip
PARAMETERS = ("token=", "password=", "passwd=", "secret=", "apikey=", "api_key=", "access_key=")
KEY_FILE = "-----begin "
SCHEMES = ("bearer ", "basic ")
SHORTEST_TAIL = 16  # characters after a prefix before it is a token and no word
SHORTEST_MIXED = 32
SHORTEST_WORD = 20  # of those that are tokens by themselves
SHORTEST_TOKEN = 18  # of all: a prefix and its tail
# For `bytes.translate`: what no word of a token holds becomes a blank.
BETWEEN_WORDS = bytes(
    number if chr(number).isalnum() or chr(number) in "_+/" else 32 for number in range(128)
).ljust(256)


def personal(text: str) -> str | None:
    """What the text looks like that must not leave; None if it looks harmless."""
    for kind, looks in LOOKS:
        if looks(text):
            return kind
    return None


def _is_address(text: str) -> bool:
    """A local part, `@`, and a name with a dot or without: `ann@example.com`, `root@db17`."""
    at = text.find("@")
    while at >= 0:
        before, after = text[at - 1 : at], text[at + 1 : at + 2]
        if before.isalnum() and after.isalnum():
            return True
        at = text.find("@", at + 1)
    return False


def _has_user_path(text: str) -> bool:
    if "/" not in text and "\\" not in text:
        return False
    plain = text.lower()
    for start in USER_PATHS:
        at = plain.find(start)
        if at >= 0 and plain[at + len(start) : at + len(start) + 1].isalnum():
            return True
    return False


def _has_credentials(text: str) -> bool:
    plain = text.lower()
    scheme = plain.find("://")
    if scheme >= 0 and "@" in plain[scheme + 3 :].split("/", 1)[0]:
        return True
    if "=" in plain and any(_has_value(plain, name, 4) for name in PARAMETERS):
        return True
    if _has_value(plain, KEY_FILE, 4):
        return True
    return _has_value(plain, SCHEMES[0], 8) or _has_value(plain, SCHEMES[1], 8)


def _has_value(plain: str, name: str, shortest: int) -> bool:
    at = plain.find(name)
    return at >= 0 and not plain[at - 1 : at].isalnum() and len(plain) >= at + len(name) + shortest


def _is_token(text: str) -> bool:
    if len(text) < SHORTEST_TOKEN:
        return False
    if "_" in text or "-" in text or "." in text:  # one of which each prefix holds
        if any(_begins_token(text, prefix) for prefix in PREFIXES):
            return True
        if text.count(".") >= 2 and "eyJ" in text and len(text) > 40:
            return True
    if text.isascii():
        words = text.encode().translate(BETWEEN_WORDS).split()
        if max(map(len, words), default=0) < SHORTEST_WORD:
            return False
    return any(_is_mixed(word) for word in _words(text))


def _begins_token(text: str, prefix: str) -> bool:
    at = text.find(prefix)
    if at < 0 or text[at - 1 : at].isalnum():
        return False
    tail = text[at + len(prefix) :]
    return len(next(_words(tail), "")) >= SHORTEST_TAIL or len(tail) >= 2 * SHORTEST_TAIL


def _is_mixed(word: str) -> bool:
    """A long word of upper and lower case and digits: no digest, which is in one case alone."""
    if len(word) == 20 and word[:4] in ("AKIA", "ASIA") and word.isupper():
        return True
    return (
        len(word) >= SHORTEST_MIXED
        and not word.islower()
        and not word.isupper()
        and not word.isalpha()
        and not word.isdecimal()
    )


def _words(text: str) -> Iterator[str]:
    """The runs of letters, digits, `_`, `+` and `/` that a token can be made of."""
    start = 0
    for at, sign in enumerate(text):
        if not (sign.isalnum() or sign in "_+/"):
            if at > start:
                yield text[start:at]
            start = at + 1
    if start < len(text):
        yield text[start:]


LOOKS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("credentials", _has_credentials),
    ("an e-mail address", _is_address),
    ("a user's path", _has_user_path),
    ("a token", _is_token),
)

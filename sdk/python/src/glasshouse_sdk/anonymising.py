"""Makes a value harmless before it is written anywhere: what leaves here has no way back.

keyed-hash   32 hex digits of BLAKE2b, keyed with a secret that stays in the state directory
length       the number of characters
bucket       the lower bound of the bucket that a number falls into
public-list  the name itself if the manifest lists it, else `other`
"""

from __future__ import annotations

from bisect import bisect_right

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OTHER = "other"
LONGEST_GAP = 40  # what one `*` of a public list may stand for
GAP_CHARACTERS = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ .()/_+-"
REMEMBERED = 1024
LONGEST_REMEMBERED = 256  # characters


def keyed_hash(secret: bytes) -> Callable[[str], str]:
    """A hash that nobody can guess back who lacks the secret; equal texts stay equal."""
    from _blake2 import blake2b  # `hashlib` loads OpenSSL, several milliseconds, for the same

    known: dict[str, str] = {}

    def hashed(text: str) -> str:
        digest = known.get(text)
        if digest is None:
            data = text.encode("utf-8", "surrogatepass")
            digest = blake2b(data, key=secret, digest_size=16).hexdigest()
            if len(known) < REMEMBERED and len(text) < LONGEST_REMEMBERED:
                known[text] = digest
        return digest

    return hashed


def derived_id(source: str) -> str:
    """32 hex digits that stand for an item that may be met again."""
    from _blake2 import blake2b  # as above

    return blake2b(source.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def lower_bound(bounds: Sequence[float]) -> Callable[[float], float]:
    """The bucket of a number; one below the lowest bound belongs to the lowest bucket."""
    return lambda number: bounds[max(bisect_right(bounds, number) - 1, 0)]


def public_name(public: Sequence[str]) -> Callable[[str], str]:
    """The text if an entry of the list fits it, letter by letter, else `other`."""
    exact = frozenset(entry for entry in public if "*" not in entry)
    patterns = tuple(entry.split("*") for entry in public if "*" in entry)

    def named(text: str) -> str:
        fits = text in exact or any(_fits(text, parts) for parts in patterns)
        return text if fits else OTHER

    return named


def _fits(text: str, parts: Sequence[str]) -> bool:
    return text.startswith(parts[0]) and _fits_after_gap(text[len(parts[0]) :], parts[1:])


def _fits_after_gap(text: str, parts: Sequence[str]) -> bool:
    """Whether the text is a gap, then the first part, then what the other parts allow."""
    if not parts:
        return text == ""
    part, others = parts[0], parts[1:]
    if not others:
        gap = text[: len(text) - len(part)]
        return text.endswith(part) and len(gap) <= LONGEST_GAP and _is_gap(gap)
    farthest = LONGEST_GAP + len(part)
    at = text.find(part, 0, farthest)
    while at >= 0 and _is_gap(text[:at]):
        if _fits_after_gap(text[at + len(part) :], others):
            return True
        at = text.find(part, at + 1, farthest)
    return False


def _is_gap(text: str) -> bool:
    return text.isascii() and not text.encode().translate(None, GAP_CHARACTERS)

"""The order of versions: newest is greatest, whatever scheme a vendor follows."""

import re

_PARTS = re.compile(r"[0-9]+|[a-z]+", re.IGNORECASE)
# Words that stand before the release they lead to; any other word stands behind it.
_BEFORE = {"dev": 0, "snapshot": 0, "nightly": 0, "alpha": 1, "a": 1, "beta": 2, "b": 2,
           "milestone": 2, "pre": 3, "preview": 3, "rc": 3, "cr": 3}  # fmt: skip
_WORD_BEFORE, _END, _WORD_AFTER, _NUMBER = range(4)

VersionKey = tuple[tuple[int, int, str], ...]


def version_key(version: str | None) -> VersionKey:
    """A key to sort by: `1.9 < 1.10-rc1 < 1.10 < 1.10-2`. No version is older than any."""
    if version is None:
        return ()
    parts = [_part(part) for part in _PARTS.findall(version)]
    return (*parts, (_END, 0, ""))


def _part(text: str) -> tuple[int, int, str]:
    # Python refuses to make a number of ever so many digits.
    if text.isdigit():
        return (_NUMBER, int(text[:200]), "")
    word = text.lower()
    if word in _BEFORE:
        return (_WORD_BEFORE, _BEFORE[word], "")
    return (_WORD_AFTER, 0, word)

"""The order of versions: newest is greatest, whatever scheme a vendor follows."""

import re

_PARTS = re.compile(r"([-+_]?)([0-9]+|[a-z]+)", re.IGNORECASE)
_LETTER_V = re.compile(r"v(?=[0-9])", re.IGNORECASE)
# Words that stand before the release they lead to; any other word stands behind it.
_BEFORE = {"dev": 0, "snapshot": 0, "nightly": 0, "alpha": 1, "a": 1, "beta": 2, "b": 2,
           "milestone": 2, "pre": 3, "preview": 3, "rc": 3, "cr": 3}  # fmt: skip
_WORD_BEFORE, _END, _WORD_AFTER, _REVISION, _NUMBER = range(5)

VersionKey = tuple[tuple[int, int, str], ...]


def version_key(version: str | None) -> VersionKey:
    """A key to sort by: `1.9 < 1.10-rc1 < 1.10 < 1.10-2 < 1.10.1`. None is older than any."""
    if version is None:
        return ()
    if _LETTER_V.match(version):
        version = version[1:]
    parts = [_part(*part) for part in _PARTS.findall(version)]
    return (*parts, (_END, 0, ""))


def leads_to_a_release(version: str) -> bool:
    """Whether a word such as `rc` or `beta` says that this came before a release."""
    return any(kind == _WORD_BEFORE for kind, _, _ in version_key(version))


def _part(mark: str, text: str) -> tuple[int, int, str]:
    if text.isdigit():
        # Python refuses to make a number of ever so many digits.
        return (_REVISION if mark else _NUMBER, int(text[:200]), "")
    word = text.lower()
    if word in _BEFORE:
        return (_WORD_BEFORE, _BEFORE[word], "")
    return (_WORD_AFTER, 0, word)

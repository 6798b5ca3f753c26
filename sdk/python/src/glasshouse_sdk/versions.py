"""What of a version may leave: numbers and the words that versions are made of, nothing else.

A version is where a name, a branch or a path slips through unseen, because it looks technical. So
each word of one must be known, be as short as `rc` or `el`, or be declared by the manifest; any
other becomes `other`, and what is not numbered at all becomes `other` as a whole:

| given                         | leaves                      |
|-------------------------------|-----------------------------|
| `8.0.4-1.el9`, `1.2+g1a2b3c4` | as it is                    |
| `2.4.1-fix-for-ann`           | `2.4.1-other-other-other`   |
| `feature-x`, `192.168.17.40`  | `other`                     |

The keys of a map that declares nothing about them are held to the same, with blanks, brackets and
the names of systems besides. No `re`: it would cost the host milliseconds.

It stands beside the manifest package, not in it, for the reason that `off.py` gives.
"""

from __future__ import annotations

OTHER = "other"
LONGEST = 64
MOST_DIGITS = 14  # 20260131120000: a moment; what is longer is a number of something
SHORT = 2  # letters of a word that can say nothing: el, rc, fc, u
HASH_LENGTHS = range(7, 13)  # of an abbreviated commit
MOST_RUNS = 4  # deb12u3: letters, digits, letters, digits
SEPARATORS = ".+~:_-"
KEY_SEPARATORS = SEPARATORS + " /()"

RELEASE_WORDS = frozenset((
    "alpha", "beta", "milestone", "preview", "pre", "rc", "cr", "dev", "snapshot", "nightly",
    "stable", "latest", "testing", "final", "release", "rel", "rev", "patch",
    "post", "build", "hotfix", "update", "lts", "sts", "eol", "esr", "gold", "ltss",
))  # fmt: skip
PLATFORM_WORDS = frozenset((
    "amd", "arm", "armhf", "aarch", "riscv", "ppc", "ppcle", "bpo", "deb", "dfsg", "ubuntu",
    "debian", "generic", "azure", "aws", "gcp", "cloud", "default", "standard", "musl", "glibc",
    "linux", "windows", "macos", "darwin", "server", "jdk", "jre", "openjdk", "temurin", "zulu",
    "corretto", "pypy", "cpython", "redhat", "module", "bit", "lowlatency", "realtime", "raspi",
    "microsoft", "wsl", "git",
))  # fmt: skip
CODE_NAMES = frozenset((
    "buster", "bullseye", "bookworm", "trixie", "forky", "sid",
    "xenial", "bionic", "focal", "jammy", "noble", "plucky", "questing", "resolute",
))  # fmt: skip
SYSTEM_WORDS = frozenset((
    "rhel", "red", "hat", "centos", "rocky", "rockylinux", "alma", "almalinux", "fedora", "oracle",
    "oraclelinux", "suse", "sles", "sled", "opensuse", "leap", "tumbleweed", "amazon",
    "amazonlinux", "alpine", "arch", "archlinux", "gentoo", "mint", "linuxmint", "scientific",
    "aix", "solaris", "sunos", "freebsd", "openbsd", "netbsd", "hpux", "mac", "osx", "os", "gnu",
    "enterprise", "community", "unix", "hurd", "virtuozzo", "photon", "raspbian", "kali", "nixos",
    "scientificlinux", "cumulus", "eos", "ios", "android", "chromeos", "datacenter", "core",
    "desktop", "workstation", "client", "unknown", "none", OTHER,
))  # fmt: skip
VERSION_WORDS = RELEASE_WORDS | PLATFORM_WORDS | CODE_NAMES | {OTHER}
KEY_WORDS = VERSION_WORDS | SYSTEM_WORDS
NO_WORDS: frozenset[str] = frozenset()


def plain_version(text: str, words: frozenset[str] = NO_WORDS) -> str:
    """The version with every word that is not known as `other`; `words`: further known ones, in
    lower case. What is plain already stays as it is.
    """
    if (not _begins_numbered(text) and not _is_word(text, words)) or _is_foreign(text):
        return OTHER
    known = VERSION_WORDS | words if words else VERSION_WORDS
    hashes = 0
    parts = []
    for token, separator in _tokens(text, SEPARATORS):
        if _is_hash(token):
            hashes += 1
        if not _is_plain(token, known) and not (_is_hash(token) and hashes == 1):
            token = OTHER  # noqa: PLW2901
        parts.append(token + separator)
    return "".join(parts)[:LONGEST]


def plain_key(text: str, words: frozenset[str] = NO_WORDS) -> str:
    """A map's key if it is made of numbers and known words alone, else `other`."""
    known = KEY_WORDS | words if words else KEY_WORDS
    if not text or _is_foreign(text):
        return OTHER
    tokens = [token for token, _ in _tokens(text, KEY_SEPARATORS) if token]
    return text if tokens and all(_is_plain(token, known) for token in tokens) else OTHER


def _begins_numbered(text: str) -> bool:
    start = text[1:2] if text[:1] in ("v", "V", "r") else text[:1]
    return start.isdecimal()


def _is_word(text: str, words: frozenset[str]) -> bool:
    """Whether it begins with a word that is known: `snapshot-20260131`, `jdk-17.0.9`."""
    first, _ = _tokens(text, SEPARATORS)[0]
    word = first.rstrip("0123456789").lower()
    return word in VERSION_WORDS or word in words


def _is_foreign(text: str) -> bool:
    """Whether it has the shape of something else: an address of a network or a machine, a UUID."""
    numbers = text.split(".")
    if len(numbers) == 4 and all(n.isdecimal() and len(n) <= 3 and int(n) <= 255 for n in numbers):
        # Versions of four numbers hardly ever are all below 256 with one of them above 99.
        return any(len(n) == 3 for n in numbers)
    if (":" in text and not text.partition(":")[0].isdecimal()) or text.count(":") > 1:
        return True
    digits = text.replace("-", "").lower()
    return len(digits) >= 32 and all(c in "0123456789abcdef" for c in digits)


def _is_plain(token: str, known: frozenset[str]) -> bool:
    """Whether a token is numbers, and words that are known or too short to say anything."""
    if not token or token.lower() in known:
        return True
    runs = _runs(token)
    return len(runs) <= MOST_RUNS and all(
        len(run) <= MOST_DIGITS if run.isdecimal() else len(run) <= SHORT or run.lower() in known
        for run in runs
    )


def _is_hash(token: str) -> bool:
    """An abbreviated commit, such as `1a2b3c4` or `g1a2b3c4`."""
    digits = token[1:] if token[:1] == "g" else token
    return (
        len(digits) in HASH_LENGTHS
        and any(c.isdecimal() for c in digits)
        and any(c.isalpha() for c in digits)
        and all(c in "0123456789abcdef" for c in digits)
    )


def _runs(token: str) -> list[str]:
    """`deb12u3` as `deb`, `12`, `u`, `3`."""
    runs: list[str] = []
    for sign in token:
        if runs and runs[-1][-1].isdecimal() == sign.isdecimal():
            runs[-1] += sign
        else:
            runs.append(sign)
    return runs


def _tokens(text: str, separators: str) -> list[tuple[str, str]]:
    """The text's tokens, each with the separator behind it; the last with an empty one."""
    tokens = []
    start = 0
    for at, sign in enumerate(text):
        if sign in separators:
            tokens.append((text[start:at], sign))
            start = at + 1
    tokens.append((text[start:], ""))
    return tokens

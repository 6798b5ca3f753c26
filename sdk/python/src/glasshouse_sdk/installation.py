"""A refusal given at the installation, kept where every user of the machine finds it.

The product names a directory that all may read and its installer may write, such as /var/lib/acme.
A sticky refusal by whoever may write there is kept as SLUG.refused: it holds for everybody, until
that file is removed. Without such a directory, a refusal is its user's own.
"""

from __future__ import annotations

import os

from glasshouse_sdk.finding import Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

ENDING = ".refused"
EVERY = "*"
LONGEST_TOLD = 200  # characters of the file


def read_installation(directory: str | None, slug: str) -> Iterator[Finding]:
    """The refusal, if there is one; a file that cannot be read is one too."""
    if directory is None:
        return
    path = os.path.join(directory, slug + ENDING)
    try:
        with open(path, "rb") as file:
            told = file.read(LONGEST_TOLD).decode(errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        told = f"cannot be read ({error.strerror}), so it is off"
    yield Finding("installation", slug + ENDING, "off", covers=(EVERY,), where=path, note=told)


def keep_installation(directory: str, slug: str, told: str) -> None:
    """Keep a refusal for everybody. Who may not write there has refused for himself alone."""
    path = os.path.join(directory, slug + ENDING)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except OSError:  # it is there already, or this is not the installer
        return
    with open(descriptor, "wb") as file:
        file.write(told.encode() + b"\n")
        os.fchmod(descriptor, 0o644)  # whatever the installer's umask is
        file.flush()
        os.fsync(descriptor)

"""The product's state directory: where it is, what stands in it, and how it is made.

answer.json          what the person said
began.json           when the product was first started here, if a grace period counts from then
occasions.json       when each item was last recorded, and is next
allowed.json         what the collector still wants, if that is less than what is declared
told.json            what the first-run notice has told
project-MARK         the directory that a project's mark stands for
instance, secret     made once, with link(2): the first of two racing processes wins
destination.json     where the sender sends to
delivery.json        the last success and failure, and when the next attempt may be
ended.json           the collector said that this collection has ended (410)
tallies              what was refused or dropped, as counts
spool/               one file a stream, sealed claims, frozen requests
history/             what left, with its receipts
departures           as whom items left this machine
forget.json          what the person asked to be forgotten, with the collector's receipts
sender.lock          held by the one sender

While the telemetry is off, nothing but `answer.json`, `ended.json` and `forget.json` may be here;
the last only where the person asked to be forgotten.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ANSWER = "answer.json"
ENDED = "ended.json"
FORGET = "forget.json"
DEPARTURES = "departures"
REFUSALS = (ANSWER, ENDED, FORGET)  # what stays when everything else goes


def default_directory(slug: str, environ: Mapping[str, str], platform: str) -> str | None:
    """Where a product's state belongs on this platform; None if this user has no such place."""
    home = environ.get("HOME") or _home_of_user()
    if platform == "win32":
        root = environ.get("LOCALAPPDATA")
    elif platform == "darwin":
        root = home and os.path.join(home, "Library", "Application Support")
    else:
        root = environ.get("XDG_STATE_HOME")
        if not root or not os.path.isabs(root):  # a relative one is invalid, says the standard
            root = home and os.path.join(home, ".local", "state")
    return os.path.join(root, "glasshouse", slug) if root and os.path.isabs(root) else None


def _home_of_user() -> str | None:
    try:
        import pwd  # not on Windows, and needed only without HOME

        return pwd.getpwuid(os.getuid()).pw_dir
    except (ImportError, KeyError):
        return None


class State:
    """The paths of one product's state directory. Making one of these touches no disk."""

    __slots__ = ("directory",)

    def __init__(self, directory: str) -> None:
        self.directory = os.path.abspath(directory)  # the sender works in another directory

    def path(self, *names: str) -> str:
        return os.path.join(self.directory, *names)

    @property
    def spool(self) -> str:
        return self.path("spool")

    @property
    def history(self) -> str:
        return self.path("history")

    def make(self) -> None:
        """Make the directories for this user alone. Raises `OSError` where that cannot be."""
        self.make_root()
        for path in (self.spool, self.history):
            os.makedirs(path, mode=0o700, exist_ok=True)

    def make_root(self) -> None:
        """Make the directory itself, which is all that a refusal needs."""
        os.makedirs(self.directory, mode=0o700, exist_ok=True)
        if sys.platform != "win32" and os.stat(self.directory).st_uid != os.geteuid():
            raise PermissionError(f"{self.directory}: found another user's; expected my own")

    def read(self, name: str) -> str | None:
        """The text of one file, None if there is none. Raises `OSError`, `ValueError`."""
        try:
            with open(self.path(name), "rb") as file:
                return file.read().decode()
        except FileNotFoundError:
            return None

    def write(self, name: str, text: str, *, lasting: bool = False) -> None:
        """Replace one file whole: a reader sees the old text or the new one, never half.

        `lasting`: wait for the disk, so that it survives a power cut; that takes milliseconds.
        """
        path = self.path(name)
        temporary = _temporary(path)
        with open(temporary, "wb", opener=_private) as file:
            file.write(text.encode())
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)

    def once(self, name: str, make: Callable[[], str]) -> str:
        """The text of a file that is made once, whichever process comes first."""
        text = self.read(name)
        if text:
            return text.strip()
        path = self.path(name)
        temporary = _temporary(path)
        with open(temporary, "wb", opener=_private) as file:
            file.write((make() + "\n").encode())
        try:
            os.link(temporary, path)  # fails if another process was first; theirs then holds
        except FileExistsError:
            if not self.read(name):  # an empty one is a crash's leaving, not somebody's identity
                os.replace(temporary, path)
        except OSError:  # a file system without links: the last of two racing ones wins
            os.replace(temporary, path)
        finally:
            remove(temporary)
        return (self.read(name) or "").strip()

    def exists(self, name: str) -> bool:
        return os.path.exists(self.path(name))

    def exists_beyond_refusals(self) -> bool:
        """Whether anything is kept here that a refusal would have to remove."""
        try:
            return any(name not in REFUSALS for name in os.listdir(self.directory))
        except OSError:
            return False

    def wipe(self) -> None:
        """Remove everything but the refusals: the person's answer, and the collector's."""
        for parent, _, files in os.walk(self.directory, topdown=False):
            for name in files:
                if not (name in REFUSALS and parent == self.directory):
                    remove(os.path.join(parent, name))
            _remove_directory(parent)  # the directory itself goes too, unless it holds one of them


def state_at(
    directory: str | os.PathLike[str] | None, slug: str, environ: Mapping[str, str]
) -> State | None:
    """A product's state: in the directory given, else in this user's own; None without one."""
    found = default_directory(slug, environ, sys.platform) if directory is None else str(directory)
    return State(found) if found else None


def random_uuid() -> str:
    """A random identity in the form of a UUID, version 4."""
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return "-".join(
        (digits[:8], digits[8:12], "4" + digits[13:16], variant + digits[17:20], digits[20:])
    )


def random_secret() -> str:
    """What hashes are keyed with, and what proves an instance: 32 bytes as hex. It never leaves."""
    return os.urandom(32).hex()


def remove(path: str) -> None:
    """Remove a file; that it is gone already is as good."""
    try:  # noqa: SIM105 — `contextlib` costs the host more than this does
        os.unlink(path)
    except FileNotFoundError:
        pass


def _remove_directory(path: str) -> None:
    try:  # noqa: SIM105 — as above
        os.rmdir(path)
    except OSError:  # it holds the answer, or what a process wrote that had not yet heard of it
        pass


def _temporary(path: str) -> str:
    # The process id would not do: a signal handler may write the same file within one process.
    return f"{path}.{os.urandom(6).hex()}.new"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)

"""Sealed parts of the spool: each is one file that nobody writes to any more.

    00001795330000000000-42-DIGEST.production.sealed      42 items, sealed at that nanosecond
    00001795330000000000-42-DIGEST.production.request     the same, frozen as a request

The name carries time, number and stream, because a rename keeps a file's own times, and because
the bounds of the spool are then kept by looking at names alone.
"""

from __future__ import annotations

import os

from glasshouse_sdk import locks
from glasshouse_sdk.state import State, remove

OPEN, SEALED, REQUEST = ".open", ".sealed", ".request"
MOST_BYTES = 5_000_000
MOST_ITEMS = 20_000
OLDEST = 30 * 86_400 * 1_000_000_000  # nanoseconds
PATIENCE = 1.0  # seconds that a sealer waits for another
MARK = b"\n"


class Claim:
    """One sealed file: where it is, since when (nanoseconds), how many items, of which stream."""

    __slots__ = ("count", "path", "sealed_at", "stream")

    def __init__(self, path: str, sealed_at: int, count: int, stream: str) -> None:
        self.path = path
        self.sealed_at = sealed_at
        self.count = count
        self.stream = stream

    @property
    def name(self) -> str:
        """The name without its ending; a request and its receipts carry it too."""
        return os.path.basename(self.path).removesuffix(SEALED)

    @property
    def request_path(self) -> str:
        return self.path.removesuffix(SEALED) + REQUEST

    @property
    def digest(self) -> str:
        return "sha256:" + self.stream.partition(".")[0]

    @property
    def origin(self) -> str:
        return self.stream.split(".")[1]

    @property
    def project(self) -> str:
        """The mark of the project that the items belong to; empty if they belong to none."""
        return project_in(self.stream)

    def lines(self) -> list[bytes]:
        """The items, one line each, without the line ends."""
        with open(self.path, "rb") as file:
            return lines_before_mark(file.read())

    def remove(self) -> None:
        """The frozen request goes first: without its items nothing could be frozen again."""
        remove(self.request_path)
        remove(self.path)


def project_in(stream: str) -> str:
    """The mark of the project in a stream's name: `DIGEST.ORIGIN` or `DIGEST.ORIGIN.PROJECT`."""
    return [*stream.split(".", 2), "", ""][2]


def stream_of(path: str) -> str:
    """The stream that an open file belongs to, by its name."""
    return os.path.basename(path).removesuffix(OPEN).partition("~")[0]


def claims(state: State) -> list[Claim]:
    """All sealed files, the oldest first."""
    return sorted(filter(None, map(_claim, _names(state, SEALED))), key=lambda c: c.path)


def open_files(state: State) -> list[str]:
    """The paths of the files that processes may be writing to."""
    return _names(state, OPEN)


def waiting_lines(state: State) -> list[bytes]:
    """Every line that waits to be sent, the oldest claims first; looking seals nothing."""
    lines = []
    for path in [claim.path for claim in claims(state)] + open_files(state):
        try:
            with open(path, "rb") as file:
                lines += lines_before_mark(file.read())
        except FileNotFoundError:
            continue  # sealed or sent meanwhile
    return lines


def _names(state: State, ending: str) -> list[str]:
    try:
        names = os.listdir(state.spool)
    except FileNotFoundError:
        return []
    return [os.path.join(state.spool, name) for name in names if name.endswith(ending)]


def _claim(path: str) -> Claim | None:
    time, count, stream = (*os.path.basename(path).removesuffix(SEALED).split("-", 2), "", "")[:3]
    if not (time.isdecimal() and count.isdecimal() and "." in stream):
        return None
    return Claim(path, int(time), int(count), stream)


def new_claim(state: State, lines: list[bytes], stream: str, sealed_at: int) -> Claim:
    """Write items as a claim of their own, whole or not at all."""
    path = _free_path(state, sealed_at, len(lines), stream)
    temporary = f"{path}.{os.getpid()}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(b"".join(line + b"\n" for line in lines))
    os.rename(temporary, path)
    return Claim(path, sealed_at, len(lines), stream)


def _free_path(state: State, sealed_at: int, count: int, stream: str) -> str:
    while True:
        path = os.path.join(state.spool, f"{sealed_at:020d}-{count}-{stream}{SEALED}")
        if not os.path.exists(path):
            return path
        sealed_at += 1


def seal(state: State, path: str, now: int, patience: float = 0.0) -> bool:
    """Close an open file to its writers and give it its name as a claim. `now` in nanoseconds.

    Invariant: the file gets its mark (one byte, which makes its length odd) before it is renamed.
    A line before the mark counts. A writer whose write ended at an odd place was later than the
    mark, and writes that line elsewhere. A sealer that dies between the two leaves a marked file,
    which the next sealer renames. The lock keeps sealers apart; writers know nothing of it.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
    except FileNotFoundError:
        return False
    with open(descriptor, "r+b", buffering=0) as file:
        if not locks.try_alone(descriptor, patience):
            return False  # another sealer is at it
        if not _is_still(path, descriptor):
            return False  # another process sealed it while this one waited
        if not is_marked(descriptor):
            file.write(MARK)
        file.seek(0)
        count = count_before_mark(file.read())
        try:
            if count:
                os.rename(path, _free_path(state, now, count, stream_of(path)))
            else:
                os.unlink(path)
        except FileNotFoundError:
            return False  # refused and removed in the meantime
        except PermissionError:
            return False  # Windows: a writer has it open at this moment; the next run takes it
    return True


def is_marked(descriptor: int) -> bool:
    """Whether a sealer has marked the file: lines have even lengths, the mark is one byte."""
    return bool(os.lseek(descriptor, 0, os.SEEK_END) & 1)


def lines_before_mark(data: bytes) -> list[bytes]:
    """The items of a spool file, one line each, without the line ends.

    The mark stands where a line would begin, so it is seen as an empty line. What follows it was
    written elsewhere too. A line may end with the blank that makes its length even.
    """
    before = (b"\n" + data).partition(b"\n\n")[0]
    return [line.rstrip(b" ") for line in before[1:].splitlines()]


def count_before_mark(data: bytes) -> int:
    """How many lines `lines_before_mark` gives, without making them: a host waits for this."""
    if data[:1] == MARK:
        return 0
    end = data.find(b"\n\n")
    whole = data.count(b"\n", 0, len(data) if end < 0 else end + 1)
    return whole + (end < 0 and not data.endswith(b"\n") and bool(data))


def _is_still(path: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def seal_all(state: State, now: int) -> None:
    """Seal whatever processes have written so far."""
    for path in open_files(state):
        seal(state, path, now, PATIENCE)


def drop_over_bounds(state: State, now: int) -> int:
    """Remove the oldest claims that the bounds of the spool leave no room for: how many items."""
    bytes_left, items_left, dropped = MOST_BYTES, MOST_ITEMS, 0
    for claim in reversed(claims(state)):
        try:
            bytes_left -= os.path.getsize(claim.path)
        except FileNotFoundError:
            continue
        items_left -= claim.count
        # A clock that jumped back leaves claims from the future; they are young, not old.
        if bytes_left < 0 or items_left < 0 or now - claim.sealed_at > OLDEST:
            claim.remove()
            dropped += claim.count
    return dropped


def discard_open(state: State, project: str | None = None) -> None:
    """Empty and remove every open file, or those of one project. A writer that still has one open
    finds that its write ended at an odd place, and asks again whether it may write.
    """
    for path in open_files(state):
        if project is not None and project_in(stream_of(path)) != project:
            continue
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            # Without the lock too: a refusal waits for nobody.
            locks.try_alone(descriptor, PATIENCE)
            os.ftruncate(descriptor, 1)  # empty and marked in one step, on a full disk too
            remove(path)
        finally:
            os.close(descriptor)

"""A process' copy of the state, kept as the log says, and the way to change it.

Whoever changes something works on the state behind the last entry that it has seen, and publishes
an entry that expects that one; if another came first, it catches up and tries again. What was
changed here is seen here at once, and elsewhere within FOLLOW_SECONDS.
"""

import contextlib
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from nats.js.errors import APIError, NotFoundError

from glasshouse.jetstream import JetStream, JetStreamUnavailableError
from glasshouse.notices import Notice, tell, tell_failure
from glasshouse.replication.copy import Copy
from glasshouse.replication.entries import Change, Complete, Entry, File, Sealed
from glasshouse.replication.log import Log, Place

FOLLOW_SECONDS = 0.5
PATIENCE = 10.0  # seconds for a change, while a leader is elected say
RETRY_SECONDS = 0.1
BEGIN_SECONDS = 0.5
LONGEST_LOG = 2000  # entries behind the state that a stream begins with
MOST_BYTES = 16 * 1024 * 1024  # of them
REMEMBERED = 1000  # names of entries

Result = TypeVar("Result")
Watcher = Callable[[list[str]], None]


class ReplicaUnavailableError(OSError):
    """NATS does not answer. The change may have been made, or not."""


class ConflictError(OSError):
    """Others changed what this change was made for. Nothing was done; ask again."""


class Replica:
    """Used by any thread. `lock` is held while something is changed, and by whoever follows."""

    def __init__(self, jetstream: JetStream, directory: Path) -> None:
        """The whole state is there when this returns. Raises `ReplicaUnavailableError`."""
        self.lock = threading.RLock()
        self.copy = Copy(directory)
        self._jetstream = jetstream
        self._log = Log(jetstream)
        self._place = Place(0, 0)
        self._begins = 0  # the sequence of the last entry of the state that the stream begins with
        self._bytes = 0
        self._is_sealed = False
        self._seen: deque[str] = deque(maxlen=REMEMBERED)
        self._process = secrets.token_hex(8)
        self._names = count()
        self._watchers: list[tuple[str, Watcher]] = []
        self._failing = 0
        self._loads = 0
        try:
            self.catch_up()
        except BaseException:
            self.copy.close()
            raise
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="replica", daemon=True)
        self._thread.start()

    @property
    def directory(self) -> Path:
        return self.copy.directory

    def watch(self, prefix: str, watcher: Watcher) -> None:
        """Tell of files that others changed, whose paths begin so. In the following thread."""
        self._watchers.append((prefix, watcher))

    def catch_up(self) -> None:
        """See all that was changed before this call. Raises `ReplicaUnavailableError`."""
        with self.lock:
            if self.copy.connection.in_transaction:
                raise RuntimeError("a change of the database is not ended; expected one at a time")
            give_up = time.monotonic() + PATIENCE
            while True:
                try:
                    return self._catch_up(to_end=True)
                except (JetStreamUnavailableError, APIError) as error:
                    # Servers elect a leader, or catch up with each other.
                    if time.monotonic() > give_up:
                        raise ReplicaUnavailableError(f"NATS: {error}") from None
                time.sleep(RETRY_SECONDS)

    def change(self, make: Callable[[], Sequence[Change]]) -> None:
        """Publish and make what `make` says of the state as it is then; it is called again if
        others were first. Raises what `make` raises, and `ReplicaUnavailableError`.
        """
        with self.lock:
            self.catch_up()
            while changes := make():
                if self.publish(changes):
                    return

    def write(self, path: str, data: bytes) -> None:
        """Replace a file."""
        self.change(lambda: [File(path, data)])

    def append(self, path: str, data: bytes) -> None:
        """Add to the end of a file."""

        def make() -> list[Change]:
            file = self.copy.file(path)
            return [File(path, data, file.stat().st_size if file.exists() else 0)]

        self.change(make)

    def once(self, path: str, make: Callable[[], bytes]) -> bytes:
        """A file's content; made if it is not there. The same for all, whoever was first."""
        file = self.copy.file(path)
        self.change(lambda: [] if file.exists() else [File(path, make())])
        return file.read_bytes()

    def publish(self, changes: Sequence[Change]) -> bool:
        """Publish and make these changes; False if others came first: they are seen then.

        The lock is held. Raises `ReplicaUnavailableError`.
        """
        entry = Entry(f"{self._process}-{next(self._names)}", changes)
        outcome = self._add(entry)
        if outcome is None:
            return True  # it came back with the others
        if outcome:
            self._made(entry)
            if self._place.sequence - self._begins > LONGEST_LOG or self._bytes > MOST_BYTES:
                with contextlib.suppress(ReplicaUnavailableError):  # the next one does it
                    self.compact()
        return outcome

    def compact(self) -> None:
        """Begin the log anew with the state alone, so that nothing of what was deleted is left in
        it, on any server.
        """
        with self.lock:
            self.catch_up()
            stream = self._place.stream
            while self._place.stream == stream:
                if self._add(Entry(f"{self._process}-{next(self._names)}", [Sealed()])):
                    self._is_sealed = True
                    self._place = Place(stream, self._place.sequence + 1)
                self.catch_up()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        with self.lock:
            self._jetstream.start(self._log.close())
            self.copy.close()

    def _add(self, entry: Entry) -> bool | None:
        """Whether it was added; None if it was, and is already made here."""
        give_up = time.monotonic() + PATIENCE
        before, loads = self._place, self._loads
        is_doubtful = False
        while True:
            failure = "others' changes are not seen in time"
            try:
                # Nothing may come behind a seal: whoever goes on would not see it.
                if not self._is_sealed and self._call(self._log.add(entry, before)):
                    return True
            except (JetStreamUnavailableError, APIError) as error:
                failure, is_doubtful = str(error), True  # it may have been added all the same
            try:
                # Also after a failure: the stream may be gone, and the log go on in another.
                self._catch_up()
            except (JetStreamUnavailableError, APIError) as error:
                failure = str(error)
            if entry.name in self._seen:
                return None
            if is_doubtful and self._loads != loads:
                # The state was read as it is, without what it was made of: our entry may be in it.
                raise ReplicaUnavailableError("NATS: it is not known whether this was changed")
            if self._place != before and not self._is_sealed:
                return False
            # Nobody was first, as far as is seen here: a server that lags, or no answer.
            if time.monotonic() > give_up:
                raise ReplicaUnavailableError(f"NATS: {failure}")
            time.sleep(RETRY_SECONDS)

    def _made(self, entry: Entry) -> None:
        """Our own entry, behind all that was seen."""
        changes = [change for change in entry.changes if not isinstance(change, Sealed | Complete)]
        paths = self.copy.apply(changes)
        self._place = Place(self._place.stream, self._place.sequence + 1)
        self._remember(entry)
        self._tell(paths)

    def _catch_up(self, *, to_end: bool = False) -> None:
        """See what has come. `to_end` asks the stream's leader where that is: the server that this
        one reads from may lag, and say that there is nothing more.
        """
        if self._place.stream == 0:
            self._load()
        while True:
            if self._is_sealed:
                self._go_on()
            try:
                end = self._call(self._log.end(self._place.stream)) if to_end else 0
                entries = self._call(self._log.read(self._place, end))
            except NotFoundError:
                self._load()
                continue
            for entry, place in entries:
                self._take(entry, place)
                if self._is_sealed:
                    break
            if not entries and not self._is_sealed:
                return

    def _take(self, entry: Entry, place: Place) -> None:
        if place.sequence <= self._place.sequence:
            return
        changes: list[Change] = []
        for change in entry.changes:
            if isinstance(change, Sealed):
                self._is_sealed = True
            elif not isinstance(change, Complete):
                changes.append(change)
        paths = self.copy.apply(changes)
        self._place = place
        self._remember(entry)
        self._tell(paths)

    def _remember(self, entry: Entry) -> None:
        self._seen.append(entry.name)
        self._bytes += sum(
            len(change.data) if isinstance(change, File) else 200 for change in entry.changes
        )

    def _tell(self, paths: list[str]) -> None:
        for prefix, watcher in self._watchers:
            found = [path for path in paths if path.startswith(prefix)]
            if found:
                watcher(found)

    def _load(self) -> None:
        """The newest state that is whole, from nothing."""
        self._loads += 1
        stream, completed = self._newest()
        self.copy.begin_anew()
        try:
            place, paths = Place(stream, 0), []
            while place.sequence < completed:
                for entry, place in self._read(place):  # noqa: B020 (goes on there)
                    if place.sequence > completed:
                        break
                    changes = [c for c in entry.changes if not isinstance(c, Sealed | Complete)]
                    paths += self.copy.apply(changes)
        except BaseException:
            self.copy.end_anew(whole=False)
            self._place = Place(0, 0)
            raise
        self.copy.end_anew()
        self._enter(stream, completed)
        self._tell(paths)

    def _read(self, after: Place) -> list[tuple[Entry, Place]]:
        """What is known to be behind a place; a server that lags has it a little later."""
        give_up = time.monotonic() + PATIENCE
        while not (entries := self._call(self._log.read(after))):
            if time.monotonic() > give_up:
                raise JetStreamUnavailableError("the state is not there to its end yet")
            time.sleep(RETRY_SECONDS)
        return entries

    def _newest(self) -> tuple[int, int]:
        """The last stream that holds a whole state, and where that ends. The first is made."""
        streams = self._call(self._log.streams())
        if not streams:
            time.sleep(BEGIN_SECONDS)  # servers that have just started may know it only now
            streams = self._call(self._log.streams())
        for stream in reversed(streams):
            completed = self._call(self._log.completed_at(stream))
            if completed is not None:
                return stream, completed
        if streams not in ([], [1]):
            raise JetStreamUnavailableError("found no whole state yet, expected one to be there")
        self._call(self._log.begin(1))
        self._call(self._log.add(Entry("first", [Complete()]), Place(1, 0)))
        if self._call(self._log.completed_at(1)) != 1:
            raise JetStreamUnavailableError("the first entry is not seen yet")
        return 1, 1

    def _enter(self, stream: int, completed: int) -> None:
        self._place = Place(stream, completed)
        self._begins, self._bytes, self._is_sealed = completed, 0, False

    def _go_on(self) -> None:
        """The stream is sealed, and all of it was seen: on to the next, which may have to be made.

        A stream made anew by somebody who was held up is lower than one that is whole: it is left.
        """
        following = self._place.stream + 1
        stream, completed = self._newest()
        if stream < following:
            self._call(self._log.begin(following))
            if max(self._call(self._log.streams())) > following:
                self._load()
                return
            self._write_state(following)
            written = self._call(self._log.completed_at(following))
            if written is None:
                raise JetStreamUnavailableError("the state could not be written to the end")
            completed = written
        elif stream > following:
            self._load()
            return
        self._enter(following, completed)
        for old in self._call(self._log.streams()):
            if old < following:
                self._call(self._log.delete(old))
        tell(Notice.ROLLED, segment=following)

    def _write_state(self, stream: int) -> None:
        """Others may write it at the same time, and write the same."""
        sequence = 0
        for changes in self.copy.snapshot():
            self._call(self._log.add(Entry(f"state-{sequence}", changes), Place(stream, sequence)))
            sequence += 1
        self._call(self._log.add(Entry("whole", [Complete()]), Place(stream, sequence)))

    def _follow(self) -> None:
        while not self._stop.wait(FOLLOW_SECONDS):
            try:
                with self.lock:
                    self._catch_up()
            except (JetStreamUnavailableError, APIError) as error:
                if not self._failing:
                    tell_failure("replica", error)
                self._failing += 1
            else:
                if self._failing:
                    tell(Notice.RECOVERED, part="replica", failures=self._failing)
                self._failing = 0

    def _call(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self._jetstream.call(work)

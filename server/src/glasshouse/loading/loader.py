"""The loader: moves journal records into the store, exactly once.

(Where the store collapses repeats itself, a batch is not one transaction: it may be applied again,
and no keys are kept here. The steps are the same.)

A cycle is a list of steps. Everything it changes is committed in one transaction of the store,
the journal position included, so a cycle that ends early, wherever, has simply not happened:

    read            records behind the store's position
    follow          make tables for manifests that are new
    sift            drop items that were received before
    write portions  flat lines, one file per product, item and door
    plan keys       remember the new items' keys (perhaps in a new, synced file)
    apply           rows, derived facts, accounting, keys and position: one transaction
    settle          delete key files that are no longer in force; let the journal forget

A record or block that the store refuses must not stop the others: it is put aside, counted as
rejected(unloadable), and the cycle goes again without it. A failure of the machine (full disk,
broken handle) never skips anything: the store is opened anew and the cycle waits and repeats.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from glasshouse.catalogue import Catalogue
from glasshouse.journal.port import Journal
from glasshouse.loading.arrivals import Arrival, Piece, pieces_of, read_arrivals
from glasshouse.loading.aside import put_aside
from glasshouse.loading.declared_tables import DeclaredTables
from glasshouse.loading.jobs import Jobs, Result
from glasshouse.loading.portions import (
    Sifted,
    clear,
    join_keys,
    sift,
    write_portions,
)
from glasshouse.loading.repeats import CollapsedByStore, Repeats
from glasshouse.loading.tallying import (
    counted_of,
    notes_of,
    refused_of,
    summed,
    tallies_of,
    waiting_of,
)
from glasshouse.model import Position
from glasshouse.notices import Notice, tell, tell_failure
from glasshouse.store import (
    Applied,
    Batch,
    Portion,
    PortionRefusedError,
    Store,
    StoreUnavailableError,
    Tally,
    Watch,
    unwatched,
)

# A cycle of 100,000 items goes into the store's file at once, smaller ones through its log first:
# half as much work again.
CYCLE_BYTES = 48 * 1024 * 1024
ROLL_EVERY = timedelta(seconds=20)
LONGEST_PAUSE = 30.0  # seconds between two tries while the store fails


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one cycle did. `more` says that the journal held more than one cycle takes."""

    records: int = 0
    received: int = 0
    stored: int = 0
    duplicate: int = 0
    unloadable: int = 0
    erased: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True)
class LoaderState:
    """For health pages. `lag` is the age in seconds of the newest record loaded while behind."""

    lag: float = 0.0
    cycles: int = 0
    failures: int = 0  # tries in a row that failed
    last_error: str | None = None
    problems: tuple[str, ...] = ()  # damaged key files, manifests that no table can follow


class Signal(Protocol):
    """The part of threading.Event that the loader uses."""

    def is_set(self) -> bool: ...
    def wait(self, timeout: float | None = None) -> bool: ...
    def clear(self) -> None: ...
    def set(self) -> None: ...


class Loader:
    """Loads from one journal into one store. One thread calls `cycle` or `run`."""

    def __init__(
        self,
        journal: Journal,
        store: Store,
        catalogue: Catalogue,
        data: Path,
        *,
        cycle_bytes: int = CYCLE_BYTES,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        watch: Watch = unwatched,
    ) -> None:
        """`data` is the data directory; `watch` is told each step, for tests."""
        self._journal = journal
        self._store = store
        self._tables = DeclaredTables(store, catalogue, watch)
        self._scratch = data / "store" / "loading"
        self._keys = data / "store" / "keys"
        self._aside = data / "journal-aside"
        self._cycle_bytes = cycle_bytes
        self._clock = clock
        self._watch = watch
        self._chore_problems: tuple[str, ...] = ()
        self.state = LoaderState()
        self._position = Position(0, 0)
        self._jobs = Jobs()
        self._chore: Callable[[], None] = _nothing_to_do
        self._trim_due = self._roll_due = False
        self._rolled_at = datetime.min.replace(tzinfo=UTC)
        self._scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._take_stock()

    def cycle(self) -> Loaded:
        """Load what is waiting, about `cycle_bytes` of it.

        Raises `StoreUnavailableError` or `OSError`; nothing is lost then, call `recover`.
        """
        self._watch("read")
        arrivals = read_arrivals(self._journal.read(self._position, self._cycle_bytes))
        if not arrivals:
            self.state = replace(self.state, lag=0.0)
            self._roll()
            if self._trim_due:
                self._trim()
            return Loaded()
        if self._tables.follow():
            self._show_problems()
        loaded = self._load(arrivals)
        self._position = arrivals[-1].end
        self._watch("trim")
        self._trim()
        self._note_success(arrivals, more=loaded.more)
        return loaded

    def finish(self) -> None:
        """Load all that the journal holds; nobody else loads. Raises as `cycle` does."""
        while self.cycle().more:
            pass

    def run(
        self,
        stop: Signal,
        wake: Signal,
        every: float = 0.5,
    ) -> None:
        """Load until `stop` is set: every so many seconds, and when `wake` is set."""
        with self._jobs.done_by_this_thread(wake.set):
            while not stop.is_set():
                self._jobs.do_waiting()
                pause = self.turn()
                if pause:
                    stop.wait(pause)
                    continue
                wake.wait(every)
                wake.clear()

    def attend_to(self, chore: Callable[[], None]) -> None:
        """Call this between cycles; it knows itself when it has something to do."""
        self._chore = chore

    def do(self, job: Callable[[], Result]) -> Result:
        """Have the loading thread do something between two cycles, or do it here if none runs."""
        return self._jobs.do(job)

    def catch_up(self) -> None:
        """Load all that was acknowledged before this call, and let the journal forget it."""
        end = self._journal.roll()
        while self._position < end and self.cycle().records:
            pass
        self._trim()

    def turn(self) -> float:
        """Load all that is waiting. If the store fails: the seconds to wait before the next try."""
        try:
            more = True
            while more:
                with self._jobs.turn:
                    more = self.cycle().more
                self._jobs.do_waiting()
            with self._jobs.turn:
                self._do_chore()
        except (StoreUnavailableError, OSError) as error:
            self._note_failure(error)
            self._try_recovery()
            return float(min(LONGEST_PAUSE, 0.5 * 2**self.state.failures))
        return 0.0

    def _do_chore(self) -> None:
        """Once; never again if it fails: whatever is wrong with it must not stop the loading."""
        try:
            self._chore()
        except (StoreUnavailableError, OSError):
            raise  # the machine failed, and the loop knows what to do
        except Exception as error:  # noqa: BLE001
            self._chore_problems = (f"a daily chore failed: {type(error).__name__}: {error}",)
            self._show_problems()
            self._chore = _nothing_to_do

    def _trim(self) -> None:
        position = self._position
        if self._store.collapses:  # it notes a position only when enough of its servers have it all
            self._store.checkpoint()
            position = self._store.position()
        self._journal.trim(position)
        self._trim_due = position < self._position

    def recover(self) -> None:
        """Open the store again and start from what it has committed."""
        self._store.reopen()
        self._take_stock()

    def accounting(self, limit: int = 256 * 1024 * 1024) -> list[Tally]:
        """The store's tallies and, as outcome `waiting`, what is in the journal behind them.

        From any thread. Looks at about `limit` bytes of the journal at most.
        """
        position, tallies = self._store.accounting_at()
        return summed([*tallies, *waiting_of(self._journal.read(position, limit))])

    def _take_stock(self) -> None:
        clear(self._scratch)
        self._position = self._store.position()
        self._repeats: Repeats | CollapsedByStore = (
            CollapsedByStore(self._store.known_before)
            if self._store.collapses
            else Repeats(self._keys, self._store.keys())
        )
        self._show_problems()

    def _load(self, arrivals: Sequence[Arrival]) -> Loaded:
        """Apply all arrivals, but for what the store refuses."""
        pieces = pieces_of(arrivals)
        unloadable: list[Piece] = []
        while True:
            try:
                applied, sifted = self._apply(arrivals, pieces, unloadable)
                break
            except PortionRefusedError as refusal:
                refused = self._refused_pieces(pieces, refusal.portion)
                unloadable += refused
                pieces = [piece for piece in pieces if piece not in refused]
        return Loaded(
            records=len(arrivals),
            received=sum(arrival.head.received for arrival in arrivals),
            stored=sum(applied.stored.values()),
            duplicate=sum(sifted.duplicates.values()),
            unloadable=sum(piece.rows for piece in unloadable)
            + sum(arrival.head.received for arrival in arrivals if arrival.record is None),
            erased=sum(applied.erased.values()),
            more=sum(len(arrival.payload) for arrival in arrivals) >= self._cycle_bytes,
        )

    def _apply(
        self, arrivals: Sequence[Arrival], pieces: Sequence[Piece], unloadable: Sequence[Piece]
    ) -> tuple[Applied, Sifted]:
        self._watch("sift")
        sifted = sift(pieces, self._repeats.repeated(join_keys(pieces)))
        try:
            self._watch("write portions")
            portions = write_portions(sifted, self._scratch)
            self._watch("put aside")
            self._put_aside(arrivals, unloadable)
            self._watch("plan keys")
            plan = self._repeats.plan(sifted.keys, self._clock().date())
            batch = Batch(
                portions=portions,
                tallies=tallies_of(arrivals, unloadable, sifted.duplicates),
                refusals=notes_of(arrivals, unloadable, self._clock()),
                keys=plan.change,
                position=arrivals[-1].end,
                refused=refused_of(arrivals),
                counted=counted_of(arrivals, unloadable, self._clock())
                if self._store.collapses
                else (),
            )
            applied = self._store.apply(batch, self._watch)
        finally:
            clear(self._scratch)
        self._watch("settle")
        self._repeats.settle(plan)
        if applied.erased:
            self._roll_due = True
            self._roll()
        return applied, sifted

    def _roll(self) -> None:
        """What was refused because it is erased must not stay in the journal either.

        Late resends come one by one, and a segment may be a stream with three servers.
        """
        now = self._clock()
        if self._roll_due and now - self._rolled_at > ROLL_EVERY:
            self._journal.roll()
            self._roll_due, self._trim_due, self._rolled_at = False, True, now

    def _put_aside(self, arrivals: Sequence[Arrival], unloadable: Sequence[Piece]) -> None:
        unread = [arrival for arrival in arrivals if arrival.record is None]
        for arrival in dict.fromkeys([*unread, *(piece.arrival for piece in unloadable)]):
            put_aside(self._aside, arrival.payload, arrival.end)

    def _refused_pieces(self, pieces: Sequence[Piece], portion: Portion) -> list[Piece]:
        """Those pieces of a refused portion that the store refuses by themselves, or all."""
        group = (portion.product, portion.item, portion.door)
        suspects = [piece for piece in pieces if piece.group == group]
        refused = [piece for piece in suspects if self._refuses(piece, portion)]
        return refused or suspects

    def _refuses(self, piece: Piece, portion: Portion) -> bool:
        path = self._scratch / "suspect.ndjson"
        path.write_bytes(piece.lines)
        try:
            alone = replace(portion, path=path, rows=piece.rows, keys=piece.keys)
            return self._store.refuses(alone) is not None
        finally:
            path.unlink()

    def _note_success(self, arrivals: Sequence[Arrival], *, more: bool) -> None:
        if self.state.failures:
            tell(Notice.RECOVERED, part="store", failures=self.state.failures)
        newest = arrivals[-1].head.received_at
        lag = max(0.0, (self._clock() - newest).total_seconds()) if more else 0.0
        self.state = replace(
            self.state, lag=lag, cycles=self.state.cycles + 1, failures=0, last_error=None
        )

    def _note_failure(self, error: Exception) -> None:
        if not self.state.failures:
            tell_failure("store", error)
        self.state = replace(
            self.state,
            failures=self.state.failures + 1,
            last_error=f"{type(error).__name__}: {error}",
        )

    def _try_recovery(self) -> None:
        try:
            self.recover()
        except (StoreUnavailableError, OSError) as error:
            self._note_failure(error)

    def _show_problems(self) -> None:
        problems = (*self._repeats.problems, *self._tables.problems, *self._chore_problems)
        self.state = replace(self.state, problems=problems)


def _nothing_to_do() -> None:
    """What the loader attends to where nothing else was said."""

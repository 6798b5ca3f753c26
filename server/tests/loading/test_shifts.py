"""Partitions in turns: how often each is loaded, and what becomes of those that come and go."""

from dataclasses import dataclass, field

from glasshouse.loading.loader import LoaderState
from glasshouse.loading.shifts import PACE_SECONDS, Shifts
from glasshouse.store import StoreUnavailableError

LOAD_SECONDS = 0.3


@dataclass
class Clock:
    """Time passes by loading and by waiting alone; it is the stop signal, and the wake one."""

    until: float = 60.0
    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def is_set(self) -> bool:
        return self.now >= self.until

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.now += max(seconds, 0.001)
        return False

    def clear(self) -> None:
        pass


@dataclass
class Held:
    """The leases of one process."""

    names: set[str]

    def renew(self) -> frozenset[str]:
        return self.held()

    def held(self) -> frozenset[str]:
        return frozenset(self.names)

    def release(self) -> None:
        self.names = set()


@dataclass
class Counted:
    """A partition that takes a while to load; `loader` and `close` as `Work` has them."""

    clock: Clock
    loads: list[float] = field(default_factory=list)
    closed: int = 0
    state: LoaderState = field(default_factory=LoaderState)

    @property
    def loader(self) -> "Counted":
        return self

    def turn(self) -> float:
        self.loads.append(self.clock.now)
        self.clock.now += LOAD_SECONDS
        return 0.0

    def close(self) -> None:
        self.closed += 1


def loads_of(partitions: int) -> tuple[list[int], Clock]:
    """How often each partition of one process is loaded in a minute."""
    clock = Clock()
    works = [Counted(clock) for _ in range(partitions)]
    held = Held({str(number) for number in range(partitions)})
    Shifts(held, lambda number: works[number], 3600.0, clock).run(clock, clock, 0.8)
    assert [work.closed for work in works] == [1] * partitions
    assert held.names == set()
    return [len(work.loads) for work in works], clock


def test_more_loaders_make_no_more_loads():
    of_one, clock = loads_of(4)
    of_four, _ = loads_of(1)
    assert set(of_one) == {60 / PACE_SECONDS}
    assert of_four[0] == of_one[0]
    assert all(wait > 0 for wait in clock.waits), "nobody waits in a loop"


def test_what_comes_and_goes_is_opened_and_closed():
    clock, held = Clock(), Held({"0"})
    works = {0: Counted(clock), 1: Counted(clock)}
    shifts = Shifts(held, works.__getitem__, 3600.0, clock)
    shifts.turn()
    held.names = {"1"}
    shifts.turn()
    assert (works[0].closed, shifts.held) == (1, [1])
    held.names = set()
    shifts.turn()
    assert (works[1].closed, shifts.held) == (1, [])
    clock.waits.clear()
    clock.until = clock.now + 10
    shifts.run(clock, clock, 0.8)
    assert set(clock.waits) == {0.8}, "nor where there is nothing to do"


def test_what_cannot_be_opened_is_tried_again_and_told():
    clock, held, tries = Clock(), Held({"0"}), []

    def opened(number: int) -> Counted:
        tries.append(clock.now)
        if clock.now < 10:
            raise StoreUnavailableError("no server answers")
        return Counted(clock)

    shifts = Shifts(held, opened, 3600.0, clock)
    shifts.turn()
    assert "no server answers" in str(shifts.state.last_error)
    shifts.run(clock, clock, 0.8)
    assert 5 <= len(tries) <= 8
    assert shifts.state.last_error is None

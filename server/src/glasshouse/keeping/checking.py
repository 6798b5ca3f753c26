"""What `glasshouse doctor` looks at: one function a check, each with one finding or more."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from glasshouse.keeping.forgetting import ForgetRequests
from glasshouse.keeping.holdings import Holdings
from glasshouse.model import Position

LEAST_FREE = 1024**3
EVERYTHING = 1 << 62


@dataclass(frozen=True, slots=True)
class Finding:
    """`state` is ok, warning or problem; `do` says what to do, where something is to be done."""

    check: str
    state: str
    found: str
    do: str = ""


def examine(holdings: Holdings) -> list[Finding]:
    """Every check, in order. Reads the whole store and journal: seconds for millions of items."""
    return [finding for check in CHECKS for finding in check(holdings)]


def permissions(holdings: Holdings) -> Iterator[Finding]:
    mode = holdings.data.stat().st_mode & 0o077
    if mode:
        yield Finding(
            "permissions",
            "warning",
            f"{holdings.data} can be entered by others (mode {mode:03o})",
            f"chmod 700 {holdings.data}",
        )
    else:
        yield Finding("permissions", "ok", "the data directory is its owner's alone")


def disk(holdings: Holdings) -> Iterator[Finding]:
    usage = shutil.disk_usage(holdings.data)
    size = sum(p.stat().st_size for p in (holdings.data / "store").glob("*.duckdb"))
    # An erasure and a backup write the store's file once more.
    wanted = max(LEAST_FREE, 2 * size)
    text = f"{usage.free / 1e9:.1f} GB free, the store takes {size / 1e9:.1f} GB"
    if usage.free < wanted:
        yield Finding("disk", "problem", text, f"make {wanted / 1e9:.1f} GB free")
    else:
        yield Finding("disk", "ok", text)


def clock(holdings: Holdings) -> Iterator[Finding]:
    newest = holdings.store.rows("select max(last_seen) from store.instances").rows[0][0]
    now = holdings.now()
    if newest is not None and newest > now + timedelta(minutes=5):
        yield Finding(
            "clock",
            "problem",
            f"it is {now:%Y-%m-%d %H:%M} here, and items of {newest:%Y-%m-%d %H:%M} are stored",
            "set this machine's clock; items are placed in time by it",
        )
    else:
        yield Finding("clock", "ok", f"{now:%Y-%m-%d %H:%M} UTC, nothing stored is newer")


def journal(holdings: Holdings) -> Iterator[Finding]:
    def read() -> int:
        return sum(1 for _ in holdings.journal.read(Position(0, 0), EVERYTHING))

    records = holdings.loader.do(read)
    damages = holdings.journal.damages()
    for damage in damages:
        yield Finding(
            "journal",
            "problem",
            f"segment {damage.segment}, {damage.size} bytes at {damage.offset}: {damage.reason}",
            "nothing to do if the machine lost power; else look for a failing disk",
        )
    if not damages:
        yield Finding("journal", "ok", f"{records} records, every checksum right")


def loader(holdings: Holdings) -> Iterator[Finding]:
    state = holdings.loader.state
    if state.last_error:
        yield Finding("loader", "problem", state.last_error, "it goes on trying; nothing is lost")
    for problem in state.problems:
        yield Finding("loader", "problem", problem, "see docs/guides/operation.md")
    if not state.last_error and not state.problems:
        yield Finding("loader", "ok", f"{state.lag:.0f} s behind; key files and schemas are sound")


def aside(holdings: Holdings) -> Iterator[Finding]:
    count = sum(1 for _ in (holdings.data / "journal-aside").glob("*.record"))
    if count:
        yield Finding(
            "aside",
            "warning",
            f"{count} records could not be loaded and lie in journal-aside/",
            "register the manifest they need, or delete them",
        )
    else:
        yield Finding("aside", "ok", "no record was put aside")


def store(holdings: Holdings) -> Iterator[Finding]:
    problems = holdings.loader.do(holdings.store.problems)
    for problem in problems:
        yield Finding("store", "problem", problem, "restore a backup, and report it")
    if not problems:
        yield Finding("store", "ok", "every row read; rows, ids and instances agree")


def erasures(holdings: Holdings) -> Iterator[Finding]:
    if holdings.store.rewrite_due():
        yield Finding(
            "erasures",
            "problem",
            "erased rows are gone, their bytes may still be in the file",
            "restart the server: it rewrites the file at start",
        )
    else:
        done = len(holdings.store.erasures())
        yield Finding("erasures", "ok", f"{done} done, none unfinished")


def forget_requests(holdings: Holdings) -> Iterator[Finding]:
    requests = ForgetRequests(holdings)
    counts = requests.counts().values()
    asked, done = (sum(count[name] for count in counts) for name in ("asked", "done"))
    found = f"{asked} instances asked to be forgotten, {done} are"
    overdue = requests.overdue()
    if overdue:
        do = "see what the loader's finding says; requests are done when it is in order"
        yield Finding("forget", "problem", f"{found}; {overdue} wait longer than promised", do)
    else:
        yield Finding("forget", "ok", found)


CHECKS: tuple[Callable[[Holdings], Iterator[Finding]], ...] = (
    permissions,
    disk,
    clock,
    journal,
    loader,
    aside,
    store,
    erasures,
    forget_requests,
)

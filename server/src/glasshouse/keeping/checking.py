"""What `glasshouse doctor` looks at: one function a check, each with one finding or more."""

import platform
import resource
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version

from glasshouse.keeping.forgetting import ForgetRequests
from glasshouse.keeping.holdings import Holdings
from glasshouse.model import Position

LEAST_FREE = 1024**3
EVERYTHING = 1 << 62
LEAST_OPEN_FILES = 4096
MOST_WAITING = 64 * 1024 * 1024
KEY_SIZE = 32


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


def owners(holdings: Holdings) -> Iterator[Finding]:
    """What a command of another user left here cannot be written by the server's."""
    owner = holdings.data.stat().st_uid
    strange = [p for p in holdings.data.rglob("*") if p.lstat().st_uid != owner]
    if strange:
        yield Finding(
            "owners",
            "problem",
            f"{len(strange)} files are another user's, {strange[0]} for one",
            f"chown -R {owner} {holdings.data}, and run commands as that user",
        )
    else:
        yield Finding("owners", "ok", f"everything is user {owner}'s")


def secrets(holdings: Holdings) -> Iterator[Finding]:
    key = holdings.data / "secrets" / "server.key"
    size = key.stat().st_size if key.exists() else 0
    mode = key.stat().st_mode & 0o077 if key.exists() else 0
    if size != KEY_SIZE:
        yield Finding(
            "secrets",
            "problem",
            f"{key} has {size} bytes, expected {KEY_SIZE}",
            "restore the file: hashes made with another key match nothing that is stored",
        )
    elif mode:
        yield Finding("secrets", "problem", f"others may read {key}", f"chmod 600 {key}")
    else:
        yield Finding("secrets", "ok", "the server's key is there, its owner's alone")


def open_files(_: Holdings) -> Iterator[Finding]:
    """Of the process that answers: each connection is an open file."""
    limit, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    text = f"at most {limit} files may be open"
    if limit < LEAST_OPEN_FILES:
        advice = "raise it: ulimit -n 65536, or LimitNOFILE= in the unit"
        yield Finding("open files", "warning", text, advice)
    else:
        yield Finding("open files", "ok", text)


def versions(_: Holdings) -> Iterator[Finding]:
    named = (f"{name} {version(name)}" for name in ("glasshouse", "duckdb", "msgspec", "uvloop"))
    system = f"Python {platform.python_version()}, {platform.system()} {platform.release()}"
    yield Finding("versions", "ok", ", ".join((*named, system)))


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
    position = holdings.store.position()
    waiting = sum(len(p) for p, _ in holdings.loader.do(lambda: _tail(holdings, position)))
    if waiting > MOST_WAITING:
        yield Finding(
            "journal tail",
            "warning",
            f"{waiting / 1e6:.0f} MB wait to be loaded",
            "see what the loader says; a slow disk, or more than one core can load",
        )
    else:
        yield Finding("journal tail", "ok", f"{waiting / 1e3:.0f} kB wait to be loaded")


def _tail(holdings: Holdings, position: Position) -> list[tuple[bytes, Position]]:
    return list(holdings.journal.read(position, 2 * MOST_WAITING))


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
    versions,
    permissions,
    owners,
    secrets,
    open_files,
    disk,
    clock,
    journal,
    loader,
    aside,
    store,
    erasures,
    forget_requests,
)

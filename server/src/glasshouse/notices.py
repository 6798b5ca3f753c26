"""What the server tells its operator: a closed set of notices, each with named facts.

A fact is a number or a word of ours: a product, a door, a reason, a kind of error, a place in the
code. Never what a client sent, nor who it was: what is logged outlives every erasure.
"""

import enum
import errno
import logging
from collections.abc import Mapping
from pathlib import Path
from traceback import walk_tb

LOG = logging.getLogger("glasshouse")
Fact = str | int | float
MOST_PLACES = 6


class Notice(enum.StrEnum):
    """What can happen to a server; NOTICES says how grave it is and which facts it has."""

    STARTED = "started"
    STOPPING = "stopping"
    STOPPED = "stopped"
    ROLLED = "rolled"
    TRIMMED = "trimmed"
    REFUSED = "refused"
    SENT_AWAY = "sent_away"
    DISK_FULL = "disk_full"
    FAILING = "failing"
    RECOVERED = "recovered"
    REPORTED = "reported"
    DEFECT = "defect"
    FOREIGN = "foreign"
    UNTOLD = "untold"
    COLLECTOR_STARTED = "collector_started"
    COLLECTOR_ENDED = "collector_ended"


NOTICES: Mapping[Notice, tuple[int, tuple[str, ...], str]] = {
    Notice.STARTED: (
        logging.INFO,
        ("version", "port", "collectors", "products"),
        "the server takes requests",
    ),
    Notice.STOPPING: (logging.INFO, (), "it takes no new requests and finishes those it has"),
    Notice.STOPPED: (logging.INFO, (), "what was acknowledged is on disk, everything is closed"),
    Notice.ROLLED: (logging.INFO, ("segment",), "the journal began a segment"),
    Notice.TRIMMED: (logging.INFO, ("segments", "bytes"), "the journal forgot what is stored"),
    Notice.REFUSED: (
        logging.INFO,
        ("product", "door", "outcome", "reason", "items"),
        "items refused since the last such line",
    ),
    Notice.SENT_AWAY: (
        logging.WARNING,
        ("product", "door", "requests"),
        "requests told to come back since the last such line",
    ),
    Notice.DISK_FULL: (logging.ERROR, ("part",), "a write failed for want of room"),
    Notice.FAILING: (logging.ERROR, ("part", "error"), "a write or the store failed"),
    Notice.RECOVERED: (logging.WARNING, ("part", "failures"), "it works again"),
    Notice.REPORTED: (logging.WARNING, ("text",), "found at the start, or in the journal"),
    Notice.DEFECT: (logging.ERROR, ("error", "place"), "a fault of this program: please report it"),
    Notice.FOREIGN: (
        logging.WARNING,
        ("logger", "place", "error", "before"),
        "a library's message, without its text; `before`: how often it came since the last line",
    ),
    Notice.UNTOLD: (
        logging.WARNING,
        ("alert", "way", "failures"),
        "an alert could not be delivered and is tried again; its page says why",
    ),
    Notice.COLLECTOR_STARTED: (logging.INFO, ("collector",), "a further collector takes requests"),
    Notice.COLLECTOR_ENDED: (
        logging.ERROR,
        ("collector", "status", "again_in"),
        "a further collector ended by itself and is started again",
    ),
}


# What every line has by itself, so that no fact may take its name.
TAKEN = ("at", "level", "event")


def tell(notice: Notice, **facts: Fact) -> None:
    """Log a notice. Raises `ValueError` for a fact that the notice does not have."""
    level, names, _ = NOTICES[notice]
    if not set(facts) <= set(names):
        raise ValueError(f"{notice} has the facts {names}")
    LOG.log(level, notice.value, extra={"facts": facts})


def kind_of(error: BaseException) -> str:
    """An error as one word: the system's name for it where it has one; never its text."""
    named = errno.errorcode.get(error.errno or 0) if isinstance(error, OSError) else None
    if named is not None:
        return named
    # DuckDB says in words alone why a write failed.
    return "ENOSPC" if "no space left" in str(error).lower() else type(error).__name__


def is_full(error: BaseException) -> bool:
    """Whether what failed failed for want of room."""
    return kind_of(error) in ("ENOSPC", "EDQUOT")


def tell_failure(part: str, error: BaseException) -> None:
    """Say that a part of the server cannot write."""
    if is_full(error):
        tell(Notice.DISK_FULL, part=part)
    else:
        tell(Notice.FAILING, part=part, error=kind_of(error))


def place_of(error: BaseException) -> str:
    """The kind of an error and where in the code it was raised; never its text."""
    return f"{type(error).__name__} at {places_of(error).partition(' ')[0]}"


def places_of(error: BaseException) -> str:
    """Where an error came through, innermost first."""
    frames = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    places = [f"{Path(file).name}:{line}" for file, line in reversed(frames)]
    return " ".join(places[:MOST_PLACES]) or "?:0"

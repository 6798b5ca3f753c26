"""The server's log on standard error: notices, one a line, as text, JSON or logfmt.

Libraries log too, with texts that may quote a request. Of such a record only its place, level and
the kind of its error are written, once in FOREIGN_SECONDS for each place.
"""

import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import msgspec

from glasshouse.notices import Fact, Notice, place_of, places_of, tell

FOREIGN_SECONDS = 10.0
BARE = re.compile(r"[0-9A-Za-z_.:/+-]+\Z")
Line = tuple[datetime, str, str, Mapping[str, Fact]]


def log_to(stream: TextIO, form: str, clock: Callable[[], float] = time.time) -> None:
    """Send this process' log, warnings and uncaught errors to a stream, in one of FORMS."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(NoticeFormatter(FORMS[form]))
    handler.addFilter(_Rarely(clock))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("glasshouse").setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    sys.excepthook = _tell_uncaught
    threading.excepthook = lambda hooked: _tell_uncaught(
        hooked.exc_type, hooked.exc_value, hooked.exc_traceback
    )


class NoticeFormatter(logging.Formatter):
    """One line a record, whoever logged it."""

    def __init__(self, write: Callable[[Line], str]) -> None:
        super().__init__()
        self._write = write

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        event, facts = _event(record)
        return self._write((at, record.levelname.lower(), event, facts))


def _event(record: logging.LogRecord) -> tuple[str, Mapping[str, Fact]]:
    facts = getattr(record, "facts", None)
    if record.name == "glasshouse" and facts is not None:
        return str(record.msg), facts
    foreign: dict[str, Fact] = {"logger": record.name, "place": _place(record)}
    if record.exc_info and record.exc_info[1] is not None:
        foreign["error"] = place_of(record.exc_info[1])
    before = getattr(record, "before", 0)
    if before:
        foreign["before"] = before
    return Notice.FOREIGN.value, foreign


def _place(record: logging.LogRecord) -> str:
    return f"{Path(record.pathname).name}:{record.lineno}"


class _Rarely(logging.Filter):
    """A flood of requests that a library complains about must not become a flood of lines."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if hasattr(record, "facts"):
            return True
        key = record.name, _place(record)
        told_at, before = self._told.get(key, (float("-inf"), 0))
        now = self._clock()
        if now - told_at < FOREIGN_SECONDS:
            self._told[key] = told_at, before + 1
            return False
        self._told[key] = now, 0
        record.before = before
        return True


def report(message: str) -> None:
    """A line for the operator. Never holds an address or a value."""
    tell(Notice.REPORTED, text=message)


def _text(line: Line) -> str:
    _, _, event, facts = line
    if event == Notice.REPORTED:
        return f"glasshouse: {facts.get('text', '')}"
    words = " ".join(f"{name}={_quoted(fact)}" for name, fact in facts.items())
    return f"glasshouse: {event.replace('_', ' ')} {words}".rstrip()


def _logfmt(line: Line) -> str:
    at, level, event, facts = line
    pairs = {"at": _moment(at), "level": level, "event": event, **facts}
    return " ".join(f"{name}={_quoted(fact)}" for name, fact in pairs.items())


def _json(line: Line) -> str:
    at, level, event, facts = line
    pairs: dict[str, Any] = {"at": _moment(at), "level": level, "event": event, **facts}
    return msgspec.json.encode(pairs).decode()


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _quoted(fact: Fact) -> str:
    text = str(fact)
    return text if BARE.match(text) else msgspec.json.encode(text).decode()


FORMS: Mapping[str, Callable[[Line], str]] = {"text": _text, "json": _json, "logfmt": _logfmt}


def _tell_uncaught(
    kind: type[BaseException], error: BaseException | None, _: TracebackType | None
) -> None:
    tell(Notice.DEFECT, error=kind.__name__, place=places_of(error) if error else "?:0")

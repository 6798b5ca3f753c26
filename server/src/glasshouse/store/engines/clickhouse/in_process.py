"""ClickHouse in this process: chdb, for tests of today's dialect. Never imported otherwise."""

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from chdb._exceptions import ChdbError
from chdb.session import Session

from glasshouse.store.engines.clickhouse.dialect import Dialect, dialect_of
from glasshouse.store.engines.clickhouse.link import (
    ALONE,
    Column,
    Node,
    Settings,
    StatementError,
)
from glasshouse.store.engines.clickhouse.quoting import identifier
from glasshouse.store.port import Rows

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (the store's times are UTC without a zone)
ANSWER = {
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_denormals": 1,
    # Of small fleets, as tests have them, threads and machine code cost more than they save.
    "max_threads": 1,
    "compile_expressions": 0,
    "compile_aggregate_expressions": 0,
    "compile_sort_description": 0,
}


class InProcess:
    """A link to a session in a directory. A process can have one such directory at a time."""

    cluster = ""
    nodes: Sequence[Node] = (ALONE,)

    def __init__(self, directory: Path) -> None:
        self._session = Session(str(directory))  # type: ignore[no-untyped-call]
        self._lock = threading.Lock()  # a session answers one at a time
        self._types: dict[str, dict[str, str]] = {}
        self._dialect = dialect_of(self.ask("select version()").rows[0][0])

    @property
    def dialect(self) -> Dialect:
        return self._dialect

    def ask(self, text: str, settings: Settings | None = None) -> Rows:
        """Answer a query, or do what a statement says."""
        answered = self._send(_with_settings(text, {**(settings or {})}), "JSONCompact")
        if not answered.strip():
            return Rows((), [])
        answer = json.loads(answered)
        readers = [_reader(column["type"]) for column in answer["meta"]]
        rows = [
            tuple(read(value) for read, value in zip(readers, row, strict=True))
            for row in answer["data"]
        ]
        return Rows(tuple(column["name"] for column in answer["meta"]), rows)

    def ask_node(self, node: Node, text: str, settings: Settings | None = None) -> Rows:
        """The same: there is one node."""
        return self.ask(text, settings)

    def insert(
        self, nodes: Iterable[Node], table: str, columns: Sequence[str], data: Sequence[Column]
    ) -> Node:
        """Insert columns of values, written as lines of JSON."""
        types = self._types_of(table)
        written = [
            _written(types[name], column) for name, column in zip(columns, data, strict=True)
        ]
        lines = "\n".join(map(json.dumps, zip(*written, strict=True)))
        names = ", ".join(map(identifier, columns))
        self._send(f"insert into {table} ({names}) format JSONCompactEachRow\n{lines}", "CSV")
        return ALONE

    def close(self) -> None:
        """End the session."""
        with self._lock:
            self._session.close()  # type: ignore[no-untyped-call]

    def _types_of(self, table: str) -> dict[str, str]:
        if table not in self._types:
            found = self.ask(f"describe table {table}").rows
            self._types[table] = {row[0]: row[1] for row in found}
        return self._types[table]

    def _send(self, text: str, form: str) -> str:
        if text.lstrip()[:6].lower() in ("create", "drop t", "alter "):
            self._types.clear()
        with self._lock:
            try:
                answer = self._session.query(text, form)  # type: ignore[no-untyped-call]
                return str(answer)
            except ChdbError as error:
                raise _refused(str(error)) from None


def _with_settings(text: str, settings: dict[str, int | str]) -> str:
    if not text.lstrip(" \n(").lower().startswith(("select", "with")):
        return text
    given = ", ".join(f"{name} = {value!r}" for name, value in {**settings, **ANSWER}.items())
    return f"{text.rstrip().rstrip(';')}\nsettings {given}"


def _refused(message: str) -> StatementError:
    code = message.removeprefix("Code: ").partition(".")[0]
    return StatementError(int(code) if code.isdigit() else 0, message)


def _written(type_: str, column: Column) -> Column:
    if "DateTime64" in type_:
        return [
            None if ticks is None else str(EPOCH + timedelta(microseconds=ticks))
            for ticks in column
        ]
    if type_ == "Date":
        return [str(day) for day in column]
    return column


def _reader(type_: str) -> Callable[[Any], Any]:
    inner = type_.removeprefix("LowCardinality(").removeprefix("Nullable(")
    for start, read in READERS.items():
        if inner.startswith(start):
            return lambda value: None if value is None else read(value)
    return lambda value: value


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


READERS: dict[str, Callable[[Any], Any]] = {
    "DateTime": _moment,
    "Date": date.fromisoformat,
    "Float": float,
}

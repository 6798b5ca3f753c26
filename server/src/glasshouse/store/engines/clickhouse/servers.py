"""ClickHouse servers over the native protocol: one, or the shards and replicas of a cluster.

A node that does not answer is passed over for a while; what another can do, another does.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

from clickhouse_driver import Client, errors

from glasshouse.store.engines.clickhouse.address import Address
from glasshouse.store.engines.clickhouse.dialect import Dialect, dialect_of
from glasshouse.store.engines.clickhouse.link import Column, Node, Settings, StatementError
from glasshouse.store.engines.clickhouse.quoting import identifier, literal
from glasshouse.store.port import Rows, StoreUnavailableError

Done = TypeVar("Done")

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 300.0
AVOIDED_SECONDS = 5.0  # for which a node that did not answer is asked last

# It logs every node that does not answer, with its traceback; what failed is told by who called.
logging.getLogger("clickhouse_driver").setLevel(logging.CRITICAL)

# What we ask may name an id, which no log of queries is to keep.
UNTOLD: Settings = {"log_queries": 0}

# The node is at fault, or is not well: another may do what was asked.
NOT_WELL = frozenset(
    (
        errors.ErrorCodes.NETWORK_ERROR,
        errors.ErrorCodes.SOCKET_TIMEOUT,
        errors.ErrorCodes.TIMEOUT_EXCEEDED,
        errors.ErrorCodes.TOO_MANY_SIMULTANEOUS_QUERIES,
        errors.ErrorCodes.NO_ZOOKEEPER,
        errors.ErrorCodes.TABLE_IS_READ_ONLY,
        errors.ErrorCodes.ALL_CONNECTION_TRIES_FAILED,
        errors.ErrorCodes.KEEPER_EXCEPTION,
        errors.ErrorCodes.NOT_ENOUGH_SPACE,
        errors.ErrorCodes.CANNOT_WRITE_TO_FILE_DESCRIPTOR,
        errors.ErrorCodes.MEMORY_LIMIT_EXCEEDED,
        errors.ErrorCodes.ABORTED,
        errors.ErrorCodes.ALL_REPLICAS_ARE_STALE,
        errors.ErrorCodes.UNKNOWN_STATUS_OF_INSERT,
        errors.ErrorCodes.TOO_MANY_PARTS,
    )
)
# So may one that was away while a table was made or widened; if none knows it, nobody does.
NOT_KNOWN = frozenset(
    (
        errors.ErrorCodes.UNKNOWN_TABLE,
        errors.ErrorCodes.UNKNOWN_DATABASE,
        errors.ErrorCodes.NO_SUCH_COLUMN_IN_TABLE,
    )
)


class Servers:
    """A link to servers."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._idle: defaultdict[tuple[str, int], list[Client]] = defaultdict(list)
        self._lock = threading.Lock()
        self._avoided: dict[Node, float] = {}
        self._asked = [Node(0, host, port) for host, port in address.hosts]
        self.cluster = address.cluster
        self.nodes: Sequence[Node] = self._asked
        release = self.ask("select version()").rows[0][0]
        self._dialect = dialect_of(release)
        if self.cluster:
            self.nodes = self._members()

    @property
    def dialect(self) -> Dialect:
        return self._dialect

    def _members(self) -> Sequence[Node]:
        found = self.ask(
            "select shard_num, host_name, port from system.clusters "
            f"where cluster = {literal(self.cluster)} order by shard_num, replica_num"
        )
        if not found.rows:
            raise StoreUnavailableError(
                f"found no cluster '{self.cluster}' in system.clusters, expected one of its "
                "servers' configuration in the parameter 'cluster' of GLASSHOUSE_STORE"
            )
        return tuple(Node(shard - 1, host, port) for shard, host, port in found.rows)

    def ask(self, text: str, settings: Settings | None = None) -> Rows:
        """Ask whichever node answers."""
        return self._try(self.nodes, lambda client: _rows(client, text, settings))[1]

    def ask_node(self, node: Node, text: str, settings: Settings | None = None) -> Rows:
        """Ask this one."""
        return self._try((node,), lambda client: _rows(client, text, settings))[1]

    def insert(
        self, nodes: Iterable[Node], table: str, columns: Sequence[str], data: Sequence[Column]
    ) -> Node:
        """Insert columns of values on one of these nodes, and say on which."""
        names = ", ".join(map(identifier, columns))
        text = f"insert into {table} ({names}) values"
        return self._try(
            tuple(nodes),
            lambda client: client.execute(text, list(data), columnar=True, settings=UNTOLD),
        )[0]

    def close(self) -> None:
        """Let go of all connections."""
        with self._lock:
            clients = [client for idle in self._idle.values() for client in idle]
            self._idle.clear()
        for client in clients:
            client.disconnect()

    def _try(self, nodes: Sequence[Node], do: Callable[[Client], Done]) -> tuple[Node, Done]:
        """Have one of them do it: those that answered lately first."""
        now = time.monotonic()
        ordered = sorted(nodes, key=lambda node: self._avoided.get(node, 0) > now)
        failures = []
        unknown = None
        for node in ordered:
            try:
                with self._client(node) as client:
                    done = do(client)
            except errors.ServerException as error:
                refused = StatementError(error.code, _short(error.message))
                if error.code in NOT_KNOWN:
                    unknown = refused
                elif error.code not in NOT_WELL:
                    raise refused from None
                failures.append(f"{node.name}: {_short(error.message)}")
            except (errors.Error, OSError, EOFError) as error:
                failures.append(f"{node.name}: {type(error).__name__}: {error}")
            else:
                self._avoided.pop(node, None)
                return node, done
            self._avoided[node] = time.monotonic() + AVOIDED_SECONDS
        if unknown is not None and len(nodes) > 1:
            raise unknown
        raise StoreUnavailableError("; ".join(failures))

    @contextmanager
    def _client(self, node: Node) -> Iterator[Client]:
        """A connection that nobody else uses; of one that failed nothing is kept."""
        place = node.host, node.port
        with self._lock:
            idle = self._idle[place]
            client = idle.pop() if idle else None
        if client is None:
            client = Client(
                host=node.host,
                port=node.port,
                user=self._address.user,
                password=self._address.password,
                connect_timeout=CONNECT_SECONDS,
                send_receive_timeout=ANSWER_SECONDS,
                sync_request_timeout=CONNECT_SECONDS,
                compression=False,
            )
        try:
            yield client
        except errors.ServerException:
            self._put_back(place, client)
            raise
        except BaseException:
            with suppress(Exception):
                client.disconnect()
            raise
        self._put_back(place, client)

    def _put_back(self, place: tuple[str, int], client: Client) -> None:
        with self._lock:
            self._idle[place].append(client)


def _rows(client: Client, text: str, settings: Settings | None) -> Rows:
    answered = client.execute(text, settings={**UNTOLD, **(settings or {})}, with_column_types=True)
    if not isinstance(answered, tuple):  # a statement that answers nothing
        return Rows((), [])
    rows, columns = answered
    moments = [n for n, (_, type_) in enumerate(columns) if "DateTime" in type_]
    if moments:
        rows = [tuple(map(_plain, row)) for row in rows]
    return Rows(tuple(name for name, _ in columns), rows)


def _plain(value: Any) -> Any:
    """Times of UTC without a zone, as everywhere in the store."""
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def _short(message: str) -> str:
    return message.partition("Stack trace")[0].partition("\n")[0].strip()[:500]

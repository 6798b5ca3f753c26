"""What an entry of the log may hold, and how it is written."""

from collections.abc import Sequence
from typing import Any

import msgspec


class File(msgspec.Struct, frozen=True, tag="file"):
    """A file of the data directory has these bytes now, from `offset` on; from 0 the whole file."""

    path: str
    data: bytes
    offset: int = 0


class Statement(msgspec.Struct, frozen=True, tag="sql"):
    """SQL that is run with the values of each row. Nothing in it depends on when it runs."""

    sql: str
    rows: list[list[Any]]


class Sealed(msgspec.Struct, frozen=True, tag="sealed"):
    """Nothing comes behind this: the log goes on in the next stream."""


class Complete(msgspec.Struct, frozen=True, tag="complete"):
    """What came before is the whole state at the end of the stream before."""


Change = File | Statement


class Entry(msgspec.Struct, frozen=True):
    """Changes that are made together. `name` is its writer's, to know it again."""

    name: str
    changes: Sequence[File | Statement | Sealed | Complete]


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Entry).decode

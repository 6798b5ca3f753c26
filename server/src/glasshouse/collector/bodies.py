"""Request bodies: received and inflated within bounds."""

import zlib
from collections.abc import Callable, Mapping
from typing import Any

from isal import isal_zlib

from glasshouse.collector.parcel import RefusedError
from glasshouse.model import Reason

MOST_COMPRESSED = 1_000_000
MOST_INFLATED = 8_000_000
MOST_MEMBERS = 256  # of a gzip body; each costs as much as a small body
INFLATE_ERRORS: tuple[Any, ...] = (isal_zlib.error, EOFError)
GZIP_WINDOW = 16 + zlib.MAX_WBITS


def largest_body(encoding: str) -> int:
    """The most bytes that a body of this Content-Encoding may have on the wire."""
    return MOST_INFLATED if encoding.lower() in ("", "identity") else MOST_COMPRESSED


def too_large(size: str, most: int) -> RefusedError:
    return RefusedError(Reason.TOO_LARGE, f"{size} bytes", f"at most {most}")


def inflate(body: bytes, encoding: str) -> bytes:
    """The body without its Content-Encoding; never more than MOST_INFLATED bytes in memory."""
    inflater = INFLATERS.get(encoding.strip().lower())
    if inflater is None:
        raise RefusedError(
            Reason.BAD_ENCODING, f"Content-Encoding '{encoding[:20]}'", "gzip, deflate or none"
        )
    return inflater(body)


def _gunzip(body: bytes) -> bytes:
    return _inflate(body, GZIP_WINDOW)


def _undeflate(body: bytes) -> bytes:
    """HTTP's deflate is zlib's format; some clients send the bare stream all the same."""
    try:
        return _inflate(body, zlib.MAX_WBITS)
    except RefusedError as refused:
        if refused.reason is Reason.TOO_LARGE:
            raise
        return _inflate(body, -zlib.MAX_WBITS)


def _inflate(body: bytes, window: int) -> bytes:
    inflated: list[bytes] = []
    room = MOST_INFLATED + 1
    rest = body
    for _ in range(MOST_MEMBERS):
        if not rest:
            break
        stream: Any = isal_zlib.decompressobj(wbits=window)
        try:
            part = stream.decompress(rest, max_length=room)
        except INFLATE_ERRORS as error:
            raise _undecodable(str(error)) from None
        inflated.append(part)
        room -= len(part)
        if room <= 0:
            raise too_large(f"more than {MOST_INFLATED} inflated", MOST_INFLATED)
        if not stream.eof:
            raise _undecodable("the stream ends too early")
        # gzip allows members after one another; anything else behind the end is no gzip.
        rest = stream.unused_data if window == GZIP_WINDOW else b""
    if rest:
        raise _undecodable(f"more than {MOST_MEMBERS} members")
    return b"".join(inflated)


def _undecodable(found: str) -> RefusedError:
    return RefusedError(Reason.BAD_ENCODING, f"bytes that do not inflate ({found})", "gzip")


INFLATERS: Mapping[str, Callable[[bytes], bytes]] = {
    "": lambda body: body,
    "identity": lambda body: body,
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _undeflate,
}

"""How a record lies in a segment, and how records are found again among damaged bytes.

    magic 4 | payload length 4 | crc32 of the payload 4 | crc32 of these twelve bytes 4 | payload

Little-endian. The header's own checksum tells a damaged length from a damaged payload: with a
sound header only that record is skipped; without one the next sound header is searched for.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from isal.isal_zlib import crc32  # zlib's, at a third of the cost

MAGIC = b"GHJ1"
HEADER = struct.Struct("<4sIII")
LARGEST = 256 * 1024 * 1024
_STEP = 1024 * 1024


def frame(payload: bytes) -> bytes:
    """The header that goes before this payload."""
    start = struct.pack("<4sII", MAGIC, len(payload), crc32(payload))
    return start + struct.pack("<I", crc32(start))


def payload_size(header: bytes) -> int | None:
    """The length that a sound header states; None if the header is not sound."""
    if len(header) < HEADER.size:
        return None
    magic, length, _, check = HEADER.unpack(header)
    if magic != MAGIC or length > LARGEST or crc32(header[:12]) != check:
        return None
    return int(length)


def frames(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int, bytes | str]]:
    """Each stretch from `start` to `end`: offset, size, and its payload or what is wrong with it.

    The stretches follow one another without a gap.
    """
    offset = start
    file.seek(offset)
    while offset < end:
        header = file.read(HEADER.size)
        size = payload_size(header)
        if size is None:
            stop = _next_header(file, offset + 1, end)
            reason = "no record begins here" if stop < end else "an incomplete record at the end"
            yield offset, stop - offset, reason
        elif offset + HEADER.size + size > end:
            stop = end
            yield offset, stop - offset, "an incomplete record at the end"
        else:
            payload = file.read(size)
            stop = offset + HEADER.size + size
            sound = crc32(payload) == HEADER.unpack(header)[2]
            yield offset, stop - offset, payload if sound else "the checksum is wrong"
        offset = stop
        file.seek(offset)


def _next_header(file: BinaryIO, start: int, end: int) -> int:
    """Offset of the next sound header, or `end`."""
    offset = start
    while offset < end:
        file.seek(offset)
        chunk = file.read(min(_STEP + HEADER.size, end - offset))
        found = chunk.find(MAGIC)
        while 0 <= found < _STEP:
            if payload_size(chunk[found : found + HEADER.size]) is not None:
                return offset + found
            found = chunk.find(MAGIC, found + 1)
        offset += _STEP
    return end

"""Requests made worse: structure first, then bytes, then what carries them."""

import base64
import copy
import gzip
import json
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

SURROGATE = "\ud800"
NASTY: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, 2**64, -(2**63), -(2**200), 1e308, 1e-320,
    0.1, "", " ", "\0", "a", "x" * 300, "x" * 70_000, SURROGATE, "\u202e", "é", "𐀀", "NaN",
    "2026-11-22T10:00:00Z", "2026-11-22", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59",
    "2026-02-30T00:00:00Z", "canary.person@example.org", "/home/canary", "198.51.100.77",
    "__proto__", "constructor", "'; drop table x; --", "{{7*7}}", [], {}, [[]], [{}], {"": ""},
    {"a": {"b": {"c": {}}}}, ["x"] * 2000, {str(n): n for n in range(2000)},
    {"x" * 70_000: 1}, [None] * 300, 10**4999, -(10**4999), 1e300 * 1e10,
)  # fmt: skip
RAW: tuple[bytes, ...] = (
    b"", b"{", b"[", b"null", b"NaN", b"Infinity", b"1e999", b"-", b"\xff", b"\xef\xbb\xbf{}",
    b"[" * 100_000, b'{"a":' * 50_000, b"1" * 5000, b'"\\ud800"', b'"\\u0000"', b"\x00" * 100,
    b'{"batch":[' + b"{}," * 5000 + b"{}]}", b"\x1f\x8b\x08\x00", b"GET / HTTP/1.1\r\n\r\n",
    "{}".encode("utf-16"), "{}".encode("utf-32"), b'{"a":1,"a":2}', b"/*c*/{}",
)  # fmt: skip
ENCODINGS = (
    "", "gzip", "deflate", "identity", "x-gzip", "br", "zstd", "gzip, gzip", "GZIP", "\xff", "*",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """A request that a door takes. `body` is JSON, or None where the query carries everything."""

    method: str
    path: str
    body: Any
    headers: tuple[tuple[str, str], ...] = ()
    query: str = ""


@dataclass(frozen=True, slots=True)
class Wire:
    """A request as it is sent."""

    method: str
    path: str
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def worsened(sample: Sample, random: random.Random) -> Wire:
    """The sample with one to four things wrong with it, sometimes none."""
    value = copy.deepcopy(sample.body)
    for _ in range(random.choice((0, 1, 1, 1, 2, 4))):
        value = _restructured(value, random)
    data = _encoded(value)
    if random.random() < 0.3:
        data = random.choice(BYTE_FAULTS)(data, random)
    query = sample.query.encode()
    if sample.method == "GET":
        query = _query(data, random)
        data = b""
    wire = Wire(
        sample.method,
        sample.path,
        query,
        tuple((name.encode("latin-1"), text.encode("latin-1")) for name, text in sample.headers),
        data,
    )
    return random.choice(CARRIER_FAULTS)(wire, random) if random.random() < 0.25 else wire


def _restructured(value: Any, random: random.Random) -> Any:
    """One place of the structure replaced, removed, repeated or named otherwise."""
    places = list(_places(value))
    if not places or random.random() < 0.02:
        return _nasty(random)
    holder, key = random.choice(places)
    action = random.randrange(5)
    if action <= 1:
        holder[key] = _nasty(random)
    elif action == 2:
        del holder[key]
    elif isinstance(holder, dict):
        name = random.choice(("", "x", "fields", "item", "\0", SURROGATE, "x" * 5000))
        holder[name] = holder[key] if action == 3 else _nasty(random)
    else:
        holder.extend([holder[key]] * random.choice((1, 3, 60)))
    return value


def _nasty(random: random.Random) -> Any:
    """A copy: later changes must not reach the next request."""
    return copy.deepcopy(random.choice(NASTY))


def _places(value: Any, depth: int = 0) -> Any:
    if depth > 8:
        return
    if isinstance(value, dict):
        for key in value:
            yield value, key
            yield from _places(value[key], depth + 1)
    elif isinstance(value, list):
        for key in range(min(len(value), 50)):
            yield value, key
            yield from _places(value[key], depth + 1)


def _encoded(value: Any) -> bytes:
    """JSON with everything that JSON can spell, lone surrogates and huge numbers included."""
    try:
        return json.dumps(value, separators=(",", ":")).encode()
    except ValueError:  # Python does not print integers of 5,000 digits
        text = json.dumps(_without_huge(value), separators=(",", ":"))
        return text.replace('"@huge@"', "7" * 5000).encode()


def _without_huge(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_huge(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_huge(inner) for inner in value]
    return "@huge@" if isinstance(value, int) and value.bit_length() > 10_000 else value


def _query(data: bytes, random: random.Random) -> bytes:
    packed = gzip.compress(data, 1) if random.random() < 0.3 else data
    text = base64.b64encode(packed)
    return random.choice(
        (
            text,
            b"data=" + text.replace(b"+", b"%2B"),
            b"key=x&data=" + text,
            data.replace(b" ", b"%20"),
            b"%" * 50,
            text + b"&" * 200,
            b"",
        )
    )[:60_000]


def _cut(data: bytes, random: random.Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _flip(data: bytes, random: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(random.randrange(1, 8)):
        if changed:
            changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def _insert(data: bytes, random: random.Random) -> bytes:
    place = random.randrange(len(data) + 1)
    return data[:place] + random.choice(RAW) + data[place:]


def _raw(_: bytes, random: random.Random) -> bytes:
    return random.choice(RAW)


def _noise(_: bytes, random: random.Random) -> bytes:
    return random.randbytes(random.randrange(200))


BYTE_FAULTS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _cut, _flip, _insert, _raw, _noise,
)  # fmt: skip


def _add(wire: Wire, name: str, text: str) -> Wire:
    rest = tuple(pair for pair in wire.headers if pair[0] != name.encode())
    return replace(wire, headers=(*rest, (name.encode(), text.encode("latin-1"))))


def _wrong_encoding(wire: Wire, random: random.Random) -> Wire:
    return _add(wire, "content-encoding", random.choice(ENCODINGS))


def _packed(wire: Wire, random: random.Random) -> Wire:
    pack = random.choice((gzip.compress, zlib.compress))
    data = pack(wire.body)
    if random.random() < 0.3:
        data = random.choice(BYTE_FAULTS)(data, random)
    return _add(
        replace(wire, body=data),
        "content-encoding",
        "gzip" if pack is gzip.compress else "deflate",
    )


def _odd_headers(wire: Wire, random: random.Random) -> Wire:
    name = random.choice(
        ("authorization", "date", "glasshouse-proof", "glasshouse-origin", "x-forwarded-for",
         "content-length", "dnt", "sec-fetch-dest", "cookie")
    )  # fmt: skip
    text = random.choice(
        ("", "x", "Basic", "Basic !!!", "Basic " + "QUFB" * 100, "Bearer ", "1", "script", "0" * 64,
         "-1", "9" * 400, "Sun, 22 Nov 2026 12:00:00 GMT", "Sun, 22 Nov 99999 12:00:00 +9999",
         "1.2.3.4, unknown", "[::1]:8", "fe80::1%eth0", "::ffff:192.0.2.1", "\xff" * 40)
    )  # fmt: skip
    return _add(wire, name, text)


CARRIER_FAULTS: tuple[Callable[[Wire, random.Random], Wire], ...] = (
    _wrong_encoding, _packed, _odd_headers, _odd_headers,
)  # fmt: skip


WRONG_ITEMS = "5,000 wrong items"


def bombs() -> list[tuple[str, str, bytes]]:
    """Bodies that are small on the wire and large behind it: name, encoding, bytes."""
    spaces = b" " * 64_000_000
    nested = b"[" * 7_000_000
    keys = b"{" + b",".join(b'"k%d":1' % n for n in range(150_000)) + b"}"
    undeclared = (
        b'{"manifest":"sha256:0","product":"pe-master","host-id":"x","agent_os":%b,"items":['
        b'{"item":"snapshot.usage","id":"x","at":"2026-11-22T10:00:00Z","instance":"i","fields":%b}'
        b"]}" % (keys, keys)
    ).replace(b'"manifest":"sha256:0",', b"")
    wrong = b'{"item":"snapshot.usage","x":1,"fields":{"y":{"z":[1,2,3]}}}'
    refused = b'{"items":[' + b",".join([wrong] * 5000) + b"]}"
    members = gzip.compress(b" " * 1_000_000) * 100
    return [
        ("gzip of 64 MB", "gzip", gzip.compress(spaces)),
        ("deflate of 64 MB", "deflate", zlib.compress(spaces)),
        ("bare deflate of 64 MB", "deflate", zlib.compress(spaces)[2:-4]),
        ("gzip in gzip", "gzip", gzip.compress(gzip.compress(spaces))),
        ("100 members", "gzip", members),
        ("10,000 empty members", "gzip", gzip.compress(b"") * 10_000),
        ("nesting of 7 million", "gzip", gzip.compress(nested)),
        ("150,000 keys, twice", "gzip", gzip.compress(undeclared)),
        (WRONG_ITEMS, "gzip", gzip.compress(refused)),
        ("a key of 7 MB", "gzip", gzip.compress(b'{"' + b"k" * 7_000_000 + b'":1}')),
        ("a number of 7 million digits", "gzip", gzip.compress(b'{"a":' + b"7" * 7_000_000 + b"}")),
        ("a text of escapes", "gzip", gzip.compress(b'{"a":"' + b"\\u00e9" * 1_200_000 + b'"}')),
    ]

"""What makes a value harmless, done again here for clients that send it raw.

Every reduction leaves a value alone that was reduced already, so what a client did at the source
stays as it is.
"""

import bisect
import hashlib
import keyword
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from glasshouse_sdk.manifest import OTHER, Field, plain_key, plain_version

Reduce = Callable[[Any], Any]

HASHED = re.compile(r"[0-9a-f]{32,128}\Z")
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+~:_-]{0,63}\Z")
REMEMBERED_LENGTH = 128  # of a value; what is remembered must not grow with what is sent
# What a '*' in a public list stands for: enough for versions and code names, too little for a
# path, an address or a name with an '@'.
_STAR = r"[0-9A-Za-z .()/_+-]{0,40}"


def attribute_name(field: str) -> str:
    """The struct attribute of a field: Python's own words cannot name one."""
    return field + "_" if keyword.iskeyword(field) else field


def reducers(
    fields: Mapping[str, Field], server_key: bytes, words: tuple[str, ...] = ()
) -> Iterator[tuple[str, Reduce]]:
    """The reductions of an item's fields, by the attribute that holds the value. `words`: what the
    product's versions may hold beside the usual.
    """
    for name, field in fields.items():
        if field.type == "version" or field.of == "version":
            checked = version_check((*field.public, *words))
            yield attribute_name(name), CONTAINERS.get(field.type, _alone)(checked)
            continue
        if field.type == "map" and field.of is None and field.anonymise == "none":
            yield attribute_name(name), _for_keys(checked_key)
            continue
        if field.type == "group":
            inner = tuple(reducers(field.fields, server_key, words))
            if inner:
                yield attribute_name(name), _for_records(inner)
            continue
        make = REDUCTIONS.get(field.anonymise)
        if make is not None:
            reduce = make(field, server_key)
            yield attribute_name(name), CONTAINERS.get(field.type, _alone)(reduce)


def keyed_hash(server_key: bytes, *domain: str) -> Callable[[str], str]:
    """A hash that nobody without the server's key can guess back; equal values stay equal."""
    key = hashlib.blake2b("\0".join(domain).encode(), key=server_key, digest_size=32).digest()

    def hashed(value: str) -> str:
        if HASHED.match(value):
            return value
        return hashlib.blake2b(value.encode(), key=key, digest_size=16).hexdigest()

    remembered = lru_cache(maxsize=65536)(hashed)
    return lambda value: remembered(value) if len(value) <= REMEMBERED_LENGTH else hashed(value)


def _hashes(field: Field, server_key: bytes) -> Reduce:
    return keyed_hash(server_key, "field", field.first_name)


def _lengths(_: Field, __: bytes) -> Reduce:
    return lambda value: len(value) if isinstance(value, str) else value


def _buckets(field: Field, _: bytes) -> Reduce:
    bounds = field.buckets

    def lower_bound(value: float) -> float:
        return bounds[max(bisect.bisect_right(bounds, value) - 1, 0)]

    return lower_bound


def _public(field: Field, _: bytes) -> Reduce:
    pattern = public_pattern(field.public)

    def listed(value: str) -> str:
        return value if pattern.match(value) else OTHER

    remembered = lru_cache(maxsize=4096)(listed)
    return lambda value: remembered(value) if len(value) <= REMEMBERED_LENGTH else listed(value)


def public_pattern(public: tuple[str, ...]) -> re.Pattern[str]:
    """The names of a public list as one pattern."""
    alternatives = (_STAR.join(map(re.escape, name.split("*"))) for name in public)
    return re.compile("(?:" + "|".join(alternatives) + r")\Z")


def _for_elements(reduce: Reduce) -> Reduce:
    return lambda values: [reduce(value) for value in values]


def _for_keys(reduce: Reduce) -> Reduce:
    """A map's keys are what is reduced; what becomes one key counts together."""

    def reduce_keys(counts: dict[str, int]) -> dict[str, int]:
        reduced: dict[str, int] = {}
        for key, count in counts.items():
            name = str(reduce(key))
            reduced[name] = min(reduced.get(name, 0) + count, 2**63 - 1)
        return reduced

    return reduce_keys


def _alone(reduce: Reduce) -> Reduce:
    return reduce


CONTAINERS: Mapping[str, Callable[[Reduce], Reduce]] = {"list": _for_elements, "map": _for_keys}


def _for_records(inner: tuple[tuple[str, Reduce], ...]) -> Reduce:
    def reduce_records(records: list[Any]) -> list[Any]:
        for record in records:
            if reduce_fields(record, inner) is not None:
                raise ValueError("a record of the group holds a value that cannot be")
        return records

    return reduce_records


def reduce_fields(fields: Any, reductions: tuple[tuple[str, Reduce], ...]) -> str | None:
    """Reduce the fields of one struct in place; the name of one that cannot be, if there is."""
    for name, reduce in reductions:
        value = getattr(fields, name)
        if value is not None:
            try:
                setattr(fields, name, reduce(value))
            except ValueError:
                return name
    return None


@lru_cache(maxsize=256)
def version_check(words: tuple[str, ...] = ()) -> Callable[[str], str]:
    """What a version is reduced to: numbers and known words. It raises ValueError for what is none.

    Checked here and not in the compiled type: a pattern there is matched anew for every item.
    """
    known = frozenset(word.lower() for word in words)

    def checked(value: str) -> str:
        if VERSION.match(value):
            return plain_version(value, known)
        raise ValueError("a version is letters, digits and '. + ~ : _ -', at most 64")

    return lru_cache(maxsize=16384)(checked)


checked_key = lru_cache(maxsize=16384)(plain_key)
"""A key of a map whose manifest says nothing about keys."""


REDUCTIONS: Mapping[str, Callable[[Field, bytes], Reduce]] = {
    "keyed-hash": _hashes,
    "length": _lengths,
    "bucket": _buckets,
    "public-list": _public,
}

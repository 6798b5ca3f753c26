"""What makes a value harmless, done again here for clients that send it raw.

Every reduction leaves a value alone that was reduced already, so what a client did at the source
stays as it is. A reduction works on a column, the values that one field has in a whole request:
a step in Python for each value would cost more than decoding it.
"""

import bisect
import hashlib
import keyword
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

from glasshouse_sdk.manifest import OTHER, Field, plain_key, plain_version

Column = list[Any]
Reduce = Callable[[Column], Column]
"""From the values of a field, None not among them, to as many harmless ones. Raises ValueError."""

HASHED = re.compile(r"[0-9a-f]{32,128}\Z")
HEX_DIGITS = b"0123456789abcdef"
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+~:_-]{0,63}\Z")
# What is remembered, in memory alone, must not grow with what is sent.
REMEMBERED = 8192
REMEMBERED_LENGTH = 128
# What a '*' in a public list stands for: enough for versions and code names, too little for a
# path, an address or a name with an '@'.
_STAR = r"[0-9A-Za-z .()/_+-]{0,40}"


@dataclass(frozen=True, slots=True)
class Reduction:
    """How one field of a struct is reduced. `read` gets its value from the struct."""

    attribute: str
    read: Callable[[Any], Any]
    reduce: Reduce


def attribute_name(field: str) -> str:
    """The struct attribute of a field: Python's own words cannot name one."""
    return field + "_" if keyword.iskeyword(field) else field


def reductions(
    fields: Mapping[str, Field], server_key: bytes, words: tuple[str, ...] = ()
) -> Iterator[Reduction]:
    """The reductions of an item's fields. `words`: what the product's versions may hold beside the
    usual.
    """
    for name, field in fields.items():
        reduce = _reduce_of(field, server_key, words)
        if reduce is not None:
            attribute = attribute_name(name)
            yield Reduction(attribute, attrgetter(attribute), reduce)


def _reduce_of(field: Field, server_key: bytes, words: tuple[str, ...]) -> Reduce | None:
    if field.type == "version" or field.of == "version":
        plain = version_check((*field.public, *words))
        return CONTAINERS.get(field.type, _alone)(lambda values: [*map(plain, values)])
    if field.type == "group":
        inner = tuple(reductions(field.fields, server_key, words))
        return _for_records(inner) if inner else None
    if field.type == "map" and field.of is None and field.anonymise == "none":
        return _for_keys(lambda keys: [*map(_plain_key, keys)])
    make = REDUCTIONS.get(field.anonymise)
    return CONTAINERS.get(field.type, _alone)(make(field, server_key)) if make else None


def reduce_all(structs: Sequence[Any], reductions: Sequence[Reduction]) -> dict[int, str]:
    """Reduce the fields of structs in place. By index: a field whose value cannot be reduced."""
    wrong: dict[int, str] = {}
    for reduction in reductions:
        values = [*map(reduction.read, structs)]
        if None in values:
            present = [struct for struct in structs if reduction.read(struct) is not None]
            values = [value for value in values if value is not None]
        else:
            present = structs  # type: ignore[assignment]
        try:
            reduced = reduction.reduce(values) if values else []
        except ValueError:
            wrong |= _reduce_singly(structs, reduction)
            continue
        if reduced != values:
            for struct, value in zip(present, reduced, strict=True):
                setattr(struct, reduction.attribute, value)
    return wrong


def _reduce_singly(structs: Sequence[Any], reduction: Reduction) -> dict[int, str]:
    """The slow way, for a column with a value that cannot be reduced."""
    wrong = {}
    for index, struct in enumerate(structs):
        value = reduction.read(struct)
        try:
            if value is not None:
                setattr(struct, reduction.attribute, reduction.reduce([value])[0])
        except ValueError:
            wrong[index] = reduction.attribute
    return wrong


def keyed_hash(server_key: bytes, *domain: str) -> Callable[[str], str]:
    """A hash that nobody without the server's key can guess back; equal values stay equal."""
    key = hashlib.blake2b("\0".join(domain).encode(), key=server_key, digest_size=32).digest()

    def hashed(value: str) -> str:
        if HASHED.match(value):
            return value
        return hashlib.blake2b(value.encode(), key=key, digest_size=16).hexdigest()

    return hashed


def _each(reduce: Callable[[str], str]) -> Reduce:
    """A reduction of texts, each by itself. Short ones are looked up, not reduced anew."""
    remembered = lru_cache(maxsize=REMEMBERED)(reduce)

    def column(values: Column) -> Column:
        short = max(map(len, values)) <= REMEMBERED_LENGTH
        return [*map(remembered if short else reduce, values)]

    return column


def _hashes(field: Field, server_key: bytes) -> Reduce:
    each = _each(keyed_hash(server_key, "field", field.first_name))
    return lambda values: values if _all_hashed(values) else each(values)


def _all_hashed(values: Column) -> bool:
    """HASHED, of all values at once: a tenth of what as many matches cost."""
    if min(map(len, values)) < 32 or max(map(len, values)) > 128:
        return False
    return not "".join(values).encode(errors="replace").translate(None, HEX_DIGITS)


def _lengths(_: Field, __: bytes) -> Reduce:
    return lambda values: [len(value) if isinstance(value, str) else value for value in values]


def _buckets(field: Field, _: bytes) -> Reduce:
    bounds = field.buckets

    def lower_bounds(values: Column) -> Column:
        return [bounds[max(bisect.bisect_right(bounds, value) - 1, 0)] for value in values]

    return lower_bounds


def _public(field: Field, _: bytes) -> Reduce:
    pattern = public_pattern(field.public)
    return _each(lambda value: value if pattern.match(value) else OTHER)


def public_pattern(public: tuple[str, ...]) -> re.Pattern[str]:
    """The names of a public list as one pattern."""
    alternatives = (_STAR.join(map(re.escape, name.split("*"))) for name in public)
    return re.compile("(?:" + "|".join(alternatives) + r")\Z")


def _for_elements(reduce: Reduce) -> Reduce:
    return lambda lists: [reduce(elements) if elements else elements for elements in lists]


def _for_keys(reduce: Reduce) -> Reduce:
    """A map's keys are what is reduced; what becomes one key counts together."""

    def reduce_keys(counts: dict[str, int]) -> dict[str, int]:
        reduced: dict[str, int] = {}
        for key, count in zip(reduce([*counts]), counts.values(), strict=True):
            name = str(key)
            reduced[name] = min(reduced.get(name, 0) + count, 2**63 - 1)
        return reduced

    return lambda maps: [reduce_keys(counts) if counts else counts for counts in maps]


def _alone(reduce: Reduce) -> Reduce:
    return reduce


CONTAINERS: Mapping[str, Callable[[Reduce], Reduce]] = {"list": _for_elements, "map": _for_keys}


def _for_records(inner: tuple[Reduction, ...]) -> Reduce:
    def reduce_records(groups: Column) -> Column:
        for records in groups:
            if reduce_all(records, inner):
                raise ValueError("a record of the group holds a value that cannot be")
        return groups

    return reduce_records


@lru_cache(maxsize=256)
def version_check(words: tuple[str, ...] = ()) -> Callable[[str], str]:
    """What a version is reduced to: numbers and known words. It raises ValueError for what is none.

    Checked here and not in the compiled type: a pattern there is matched anew for every item.
    """
    known = frozenset(word.lower() for word in words)

    def plain(value: str) -> str:
        if VERSION.match(value):
            return plain_version(value, known)
        raise ValueError("a version is letters, digits and '. + ~ : _ -', at most 64")

    return lru_cache(maxsize=REMEMBERED)(plain)


_plain_key = lru_cache(maxsize=REMEMBERED)(plain_key)


REDUCTIONS: Mapping[str, Callable[[Field, bytes], Reduce]] = {
    "keyed-hash": _hashes,
    "length": _lengths,
    "bucket": _buckets,
    "public-list": _public,
}

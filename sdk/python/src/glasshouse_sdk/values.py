"""From a value of the host to the JSON of a declared field, or to the reason why not.

`encoder(field, ...)` compiles one field of the manifest to a function that does exactly what the
field's type needs. Recording ten fields must cost microseconds, so nothing is looked up twice.
"""

from __future__ import annotations

import time

from glasshouse_sdk.anonymising import keyed_hash, lower_bound, public_name
from glasshouse_sdk.detecting import personal
from glasshouse_sdk.jsontext import quoted
from glasshouse_sdk.versions import plain_key, plain_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Encoder = Callable[[Any], str]
    Facts = Mapping[str, Any]

VERSION_CHARACTERS = frozenset(
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.+~:_-"
)
KEY_CHARACTERS = VERSION_CHARACTERS - {"~"} | frozenset("()/ ")
LONGEST_VERSION = LONGEST_KEY = 64
LONGEST_RAW_TEXT = 65_536
MOST_ENTRIES = 1000
INTEGERS = (-(2**63), 2**63 - 1)
LARGEST = 1.7976931348623157e308  # the largest double: infinity is beyond it
REMEMBERED = 256  # values of one field whose JSON is kept at hand


class RefusedError(ValueError):
    """A value or an item that the manifest does not allow; holds names and types, never values."""

    def __init__(self, reason: str, expected: str) -> None:
        super().__init__(f"{reason}: expected {expected}")
        self.reason = reason
        self.expected = expected


def encoder(facts: Facts, secret: Callable[[], bytes]) -> Encoder:
    """The function that encodes one declared field. `secret` is called if something is hashed."""
    return ENCODERS[facts["type"]](facts, secret)


def _wrong_type(value: object, expected: str) -> RefusedError:
    return RefusedError("wrong_type", f"{expected}, found {type(value).__name__}")


def _enum(facts: Facts, _: Callable[[], bytes]) -> Encoder:
    known = {value: quoted(value) for value in facts["values"]}

    def encode(value: Any) -> str:
        try:
            return known[value]
        except (KeyError, TypeError):
            # An enum.Enum whose value is a declared text is as good as the text.
            text = getattr(value, "value", None)
            if isinstance(text, str) and text in known:
                return known[text]
            raise RefusedError("unknown_value", "one of " + ", ".join(known)) from None

    return encode


def _version(facts: Facts, _: Callable[[], bytes]) -> Encoder:
    known: dict[str, str] = {}
    words = frozenset(word.lower() for word in facts.get("public", ()))

    def encode(value: Any) -> str:
        if not isinstance(value, str):
            raise _wrong_type(value, "a version as text")
        encoded = known.get(value)
        if encoded is None:
            if not is_version(value):
                expected = "a version: letters, digits and .+~:_-, at most 64"
                raise RefusedError("wrong_type", expected)
            _refuse_personal(value)
            encoded = f'"{plain_version(value, words)}"'
            if len(known) < REMEMBERED:
                known[value] = encoded
        return encoded

    return encode


def _refuse_personal(text: str) -> None:
    kind = personal(text)
    if kind is not None:
        raise RefusedError("looks_personal", f"something else than {kind}")


def is_version(text: str) -> bool:
    """Whether a text can be a version: it begins with a letter or digit and holds no blanks."""
    return (
        0 < len(text) <= LONGEST_VERSION
        and VERSION_CHARACTERS.issuperset(text)
        and text[0].isalnum()
    )


def _bounds(facts: Facts, lowest: float, highest: float) -> tuple[float, float, RefusedError]:
    low = facts.get("minimum", lowest)
    high = facts.get("maximum", highest)
    return low, high, RefusedError("out_of_bounds", f"{low} to {high}")


def _integer(facts: Facts, _: Callable[[], bytes]) -> Encoder:
    low, high, refused = _bounds(facts, *INTEGERS)
    reduce = lower_bound(facts["buckets"]) if facts.get("anonymise") == "bucket" else None

    def encode(value: Any) -> str:
        if value.__class__ is not int:
            if isinstance(value, bool) or not isinstance(value, int):
                raise _wrong_type(value, "an integer")
            value = int(value)
        if not low <= value <= high:
            raise RefusedError(refused.reason, refused.expected)
        return repr(value if reduce is None else reduce(value))

    return encode


def _number(facts: Facts, _: Callable[[], bytes]) -> Encoder:
    low, high, refused = _bounds(facts, -LARGEST, LARGEST)
    reduce = lower_bound(facts["buckets"]) if facts.get("anonymise") == "bucket" else None

    def encode(value: Any) -> str:
        if value.__class__ is not float:
            value = _as_float(value)
        # Not a number is neither below nor above anything, so it fails this test too.
        if not low <= value <= high:
            raise RefusedError(refused.reason, refused.expected)
        return repr(value if reduce is None else reduce(value))

    return encode


def _as_float(value: Any) -> float:
    """Numbers of any class, and spans of time (`datetime.timedelta`) as seconds."""
    if isinstance(value, bool):
        raise _wrong_type(value, "a number")
    seconds = getattr(value, "total_seconds", None)
    if seconds is not None:
        return float(seconds())
    if not hasattr(value, "__float__") or isinstance(value, str):
        raise _wrong_type(value, "a number")
    try:
        return float(value)
    except (ValueError, TypeError, OverflowError):
        raise _wrong_type(value, "a number") from None


def _boolean(_: Facts, __: Callable[[], bytes]) -> Encoder:
    def encode(value: Any) -> str:
        if value is True:
            return "true"
        if value is False:
            return "false"
        raise _wrong_type(value, "True or False")

    return encode


def _time(_: Facts, __: Callable[[], bytes]) -> Encoder:
    def encode(value: Any) -> str:
        if hasattr(value, "utcoffset") and hasattr(value, "timestamp"):
            if value.utcoffset() is None:
                raise RefusedError("wrong_type", "a time with its zone")
            value = value.timestamp()
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _wrong_type(value, "a datetime with its zone, or seconds since 1970")
        try:
            return f'"{rfc3339(int(value * 1_000_000))}"'
        except (ValueError, OverflowError, OSError):
            raise RefusedError("out_of_bounds", "a time of this era") from None

    return encode


def rfc3339(microseconds: int) -> str:
    """Microseconds since 1970 as a time in UTC, such as 2026-11-22T06:59:59.123456Z."""
    seconds, rest = divmod(microseconds, 1_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:06d}Z"


def _text(facts: Facts, secret: Callable[[], bytes]) -> Encoder:
    reduce = _text_reduction(facts, secret)
    longest = facts.get("longest") or LONGEST_RAW_TEXT

    def encode(value: Any) -> str:
        if not isinstance(value, str):
            raise _wrong_type(value, "a text")
        if len(value) > LONGEST_RAW_TEXT:
            raise RefusedError("too_long", f"at most {LONGEST_RAW_TEXT} characters")
        return reduce(value, longest)

    return encode


def _text_reduction(facts: Facts, secret: Callable[[], bytes]) -> Callable[[str, int], str]:
    """The one way of this field from a text to JSON; a text without any is never encoded."""
    way = facts.get("anonymise")
    if way == "keyed-hash":
        hashed = keyed_hash(secret())
        return lambda text, _: f'"{hashed(text)}"'
    if way == "length":
        return lambda text, _: str(len(text))
    if way == "public-list":
        named = public_name(facts["public"])
        known: dict[str, str] = {}

        def encode(text: str, longest: int) -> str:
            encoded = known.get(text)
            if encoded is None:
                name = named(text if len(text) <= longest else "")
                _refuse_personal(name)  # what a `*` stands for is not in the list
                encoded = quoted(name)
                if len(known) < REMEMBERED:
                    known[text] = encoded
            return encoded

        return encode

    def refuse(_: str, __: int) -> str:
        raise RefusedError("not_anonymised", "keyed-hash, length or public-list in the manifest")

    return refuse


def _map(facts: Facts, secret: Callable[[], bytes]) -> Encoder:
    """A map's keys are what is made harmless; what becomes one key counts together."""
    most = facts.get("longest") or MOST_ENTRIES
    count = _integer({}, secret)
    encoded_key = _map_key(facts, secret)

    def encode(value: Any) -> str:
        entries = _checked_entries(value, dict, "a dict from text to integer", most)
        counts: dict[str, int] = {}
        for key, number in entries.items():
            count(number)
            name = encoded_key(key)
            counts[name] = counts[name] + number if name in counts else number
        return "{" + ",".join(f"{key}:{count(number)}" for key, number in counts.items()) + "}"

    return encode


def _map_key(facts: Facts, secret: Callable[[], bytes]) -> Encoder:
    """How a key becomes the JSON of a text, as the manifest says what keys are."""
    if facts.get("anonymise"):
        return _text({**facts, "longest": LONGEST_KEY}, secret)
    if facts.get("of") in ("enum", "version"):
        return ENCODERS[facts["of"]](facts, secret)
    known: dict[str, str] = {}

    def encode(key: Any) -> str:
        encoded = known.get(key)
        if encoded is None:
            if not isinstance(key, str):
                raise _wrong_type(key, "text as key")
            if not 0 < len(key) <= LONGEST_KEY or not KEY_CHARACTERS.issuperset(key):
                raise RefusedError("wrong_type", "keys of letters, digits and ._()/+: -")
            _refuse_personal(key)
            encoded = f'"{plain_key(key)}"'
            if len(known) < REMEMBERED:
                known[key] = encoded
        return encoded

    return encode


def _list(facts: Facts, secret: Callable[[], bytes]) -> Encoder:
    most = facts.get("longest") or MOST_ENTRIES
    element = encoder({**facts, "type": facts["of"], "longest": None}, secret)

    def encode(value: Any) -> str:
        if isinstance(value, tuple | set | frozenset):
            value = list(value)
        return "[" + ",".join(map(element, _checked_entries(value, list, "a list", most))) + "]"

    return encode


def _group(facts: Facts, secret: Callable[[], bytes]) -> Encoder:
    most = facts.get("longest") or MOST_ENTRIES
    inner = {name: encoder(field, secret) for name, field in facts["fields"].items()}
    newer = frozenset(facts.get("newer", ()))  # what the person has not heard of stays at home
    required = [name for name, field in facts["fields"].items() if field.get("required")]

    def encode_record(record: Any) -> str:
        if not isinstance(record, dict):
            raise _wrong_type(record, "a dict for each record")
        for name in record:
            if name not in inner and name not in newer:
                raise RefusedError("undeclared_field", "one of " + ", ".join(inner))
        for name in required:
            if record.get(name) is None:
                raise RefusedError("missing_field", f"a value for '{name}'")
        parts = (f'"{k}":{inner[k](v)}' for k, v in record.items() if v is not None and k in inner)
        return "{" + ",".join(parts) + "}"

    def encode(value: Any) -> str:
        records = _checked_entries(value, list, "a list of dicts", most)
        return "[" + ",".join(map(encode_record, records)) + "]"

    return encode


def _checked_entries(value: Any, kind: type, expected: str, most: int) -> Any:
    if not isinstance(value, kind):
        raise _wrong_type(value, expected)
    if len(value) > most:  # type: ignore[arg-type]
        raise RefusedError("too_long", f"at most {most} entries")
    return value


def _address(_: Facts, __: Callable[[], bytes]) -> Encoder:
    def encode(_: Any) -> str:
        raise RefusedError("not_sent_by_clients", "no value: the collector sees the address itself")

    return encode


ENCODERS: dict[str, Callable[[Facts, Callable[[], bytes]], Encoder]] = {
    "enum": _enum,
    "version": _version,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "duration": _number,
    "time": _time,
    "text": _text,
    "address": _address,
    "map": _map,
    "list": _list,
    "group": _group,
}

"""JSON for the host process, without importing `json`.

`import json` loads `re`, `enum` and `functools`: several milliseconds of a product's start. The C
pieces that it is made of do not. Where an interpreter lacks them, `json` itself is used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

try:
    import _json
except ImportError:  # not CPython, or built without its C pieces
    from json.encoder import encode_basestring_ascii as _quoted

    _make_encoder: Any = None
    _make_scanner: Any = None
else:
    _quoted = _json.encode_basestring_ascii
    _make_encoder = _json.make_encoder
    _make_scanner = _json.make_scanner

quoted: Callable[[str], str] = _quoted
"""The text as a JSON string, in ASCII."""


class _Rules:
    """How the scanner reads JSON: as `json.loads` does when it is asked for nothing special."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float
    memo: dict[str, str] = {}  # noqa: RUF012 — the scanner's own, read by attribute


def parsed(text: str) -> Any:
    """The value that a JSON text says. Raises `ValueError` if it says none."""
    if _make_scanner is None:
        import json  # the price is paid only where the C pieces are missing

        return json.loads(text)
    plain = text.strip(" \t\r\n")
    try:
        value, end = _make_scanner(_Rules)(plain, 0)
    except (StopIteration, SystemError):
        # SystemError: the scanner looks for its error class in `json.decoder`, which is not loaded.
        raise ValueError("no JSON") from None
    if end != len(plain):
        raise ValueError(f"no JSON after character {end}")
    return value


def as_json(value: object) -> str:
    """Plain values as compact JSON in ASCII; the same value gives the same text."""
    if _make_encoder is None:
        import json  # the price is paid only where the C pieces are missing

        return json.dumps(value, separators=(",", ":"))
    encode = _make_encoder(None, _refuse, quoted, None, ":", ",", False, False, True)
    return "".join(encode(value, 0))


def _refuse(value: object) -> object:
    raise TypeError(f"found {type(value).__name__}; expected a JSON value")

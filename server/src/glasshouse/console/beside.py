"""What the console shows and does of parts that it does not know: given to it by who wires them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from glasshouse.office import Alert, Office, OfficeError
from glasshouse.people import Reader


def _no_server(*_: Any) -> Any:
    raise OfficeError("no server runs here; expected one, or a command on its machine")


def _nothing() -> Any:
    return ()


@dataclass(frozen=True, slots=True)
class Beside:
    """`try_alert` sends a trial and says what went wrong, or nothing; `webhook_secret` is that of
    an alert by its id. `change_product`, `erase` and `export` are on record when they begin; all
    three raise `OfficeError`, `export` before its first line. `erasures` are receipts and requests
    of erasures, the oldest first; `forgotten` counts instances that asked, by product and state.
    """

    office: Office
    try_alert: Callable[[Alert], str] = lambda _: "nobody is told here: no server runs"
    webhook_secret: Callable[[str], str] = lambda _: ""
    change_product: Callable[[str, Mapping[str, Any], Reader], Any] = _no_server
    erase: Callable[[Mapping[str, Any], Reader], Mapping[str, Any]] = _no_server
    export: Callable[[Mapping[str, Any], Reader], Iterator[str]] = _no_server
    erasures: Callable[[], Sequence[Mapping[str, Any]]] = _nothing
    forgotten: Callable[[], Mapping[str, Mapping[str, int]]] = dict

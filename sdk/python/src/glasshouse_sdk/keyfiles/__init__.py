"""Finds one key in a configuration file of the host, and the line it stands on.

One scanner a format. Each understands the key it is asked for and whatever may stand around it;
where it is not sure it says so, and the telemetry is off.
"""

from __future__ import annotations

from glasshouse_sdk.keyfiles import braces, indented, lines, tables
from glasshouse_sdk.keyfiles.occurrence import NotUnderstoodError, Occurrence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Scanner = Callable[[str, str], list[Occurrence]]

CONTROLS = frozenset(map(chr, range(32))) - frozenset("\t\n\r\f")
LARGEST = 1_000_000  # bytes of a configuration file

SCANNERS: dict[str, Scanner] = {
    "json": braces.scan_json,
    "hocon": braces.scan_hocon,
    "yaml": indented.scan_yaml,
    "toml": tables.scan_toml,
    "ini": lines.scan_ini,
    "properties": lines.scan_properties,
}


def find_key(path: str, form: str, name: str) -> list[Occurrence]:
    """Everywhere that the key `name` (dotted, such as `telemetry.enabled`) is given a value.

    Raises `FileNotFoundError` or `NotADirectoryError` if there is no such file, `OSError` if it
    cannot be read, `NotUnderstoodError` if it cannot be understood.
    """
    with open(path, "rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise NotUnderstoodError(0, f"a file of more than {LARGEST} bytes")
    scanner = SCANNERS.get(form)
    if scanner is None:
        raise NotUnderstoodError(0, f"the format '{form}'")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotUnderstoodError(0, "bytes that are not UTF-8") from None
    if not CONTROLS.isdisjoint(text):
        raise NotUnderstoodError(0, "control characters")
    return scanner(text, name)


__all__ = ["NotUnderstoodError", "Occurrence", "find_key"]

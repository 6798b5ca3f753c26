"""From an address to a country and, where the database knows it, a region."""

from pathlib import Path
from typing import Any

import maxminddb

SHIPPED = Path(__file__).with_name("country.mmdb")


class Places:
    """Looks addresses up in a database in MaxMind's format; without one, every place is unknown."""

    def __init__(self, database: Path | None = None) -> None:
        path = database or SHIPPED
        self._reader = maxminddb.open_database(path) if path.exists() else None
        self.known = self._reader is not None

    def place(self, address: str) -> tuple[str | None, str | None]:
        """(ISO country code, region name); (None, None) for what is in no country."""
        if self._reader is None:
            return None, None
        try:
            found: Any = self._reader.get(address)
        except ValueError:  # a Unix socket's peer is no address
            return None, None
        if not isinstance(found, dict):
            return None, None
        return _country(found), _region(found)


def _country(found: dict[str, Any]) -> str | None:
    """Flat databases call it `country_code`, nested ones `country.iso_code`."""
    country = found.get("country")
    code = country.get("iso_code") if isinstance(country, dict) else found.get("country_code")
    return code if isinstance(code, str) and len(code) == 2 else None


def _region(found: dict[str, Any]) -> str | None:
    subdivisions = found.get("subdivisions")
    if isinstance(subdivisions, list) and subdivisions:
        names = subdivisions[0].get("names", {})
        name = names.get("en") or subdivisions[0].get("iso_code")
        return name if isinstance(name, str) else None
    flat = found.get("region") or found.get("state1")
    return flat if isinstance(flat, str) and flat else None

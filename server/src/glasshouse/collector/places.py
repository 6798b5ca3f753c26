"""From an address to a country and, where the database knows it, a region."""

from pathlib import Path
from typing import Any

import maxminddb

SHIPPED = Path(__file__).with_name("country.mmdb")


class PlacesError(ValueError):
    """A database that was named and cannot be used."""


class Places:
    """Looks addresses up in databases in MaxMind's format; without one, every place is unknown."""

    def __init__(self, countries: Path | None = None, regions: Path | None = None) -> None:
        """`countries` instead of the database that ships; `regions` for what that does not know.

        Raises `PlacesError`.
        """
        shipped = SHIPPED if SHIPPED.exists() else None
        self._countries = _opened(countries or shipped)
        self._regions = _opened(regions)
        self.known = self._countries is not None

    def place(self, address: str) -> tuple[str | None, str | None]:
        """(ISO country code, region name); (None, None) for what is in no country."""
        country, region = _looked_up(self._countries, address)
        if self._regions is not None:
            where, found = _looked_up(self._regions, address)
            # Two databases may disagree about an address: a region of another country is none.
            if country is None or where in (None, country):
                return country or where, found or region
        return country, region


def _opened(path: Path | None) -> maxminddb.Reader | None:
    if path is None:
        return None
    try:
        return maxminddb.open_database(path)
    except (OSError, maxminddb.InvalidDatabaseError) as error:
        raise PlacesError(
            f"{path}: found no database in MaxMind's format ({type(error).__name__}); "
            "expected one such as country.mmdb"
        ) from None


def _looked_up(reader: maxminddb.Reader | None, address: str) -> tuple[str | None, str | None]:
    if reader is None:
        return None, None
    try:
        found: Any = reader.get(address)
    except ValueError:  # a Unix socket's peer is no address, nor has an old database IPv6
        return None, None
    return (_country(found), _region(found)) if isinstance(found, dict) else (None, None)


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

"""Which link an address asks for.

Libraries are imported here and then: only who uses them has them.
"""

from pathlib import Path

from glasshouse.store.engines.clickhouse.address import Address
from glasshouse.store.engines.clickhouse.link import Link


def open_link(address: Address, directory: Path) -> Link:
    """Raises `StoreUnavailableError` if nothing answers there."""
    if address.scheme == "chdb":
        from glasshouse.store.engines.clickhouse.in_process import InProcess

        return InProcess(directory / "chdb")
    from glasshouse.store.engines.clickhouse.servers import Servers

    return Servers(address)

"""The doors, one file a wire format."""

from collections.abc import Callable, Mapping

from glasshouse.collector.desk import Desk
from glasshouse.collector.door import Door, Reply
from glasshouse.collector.doors.amplitude import Amplitude
from glasshouse.collector.doors.beacon import Beacon
from glasshouse.collector.doors.browser import BrowserDoor
from glasshouse.collector.doors.dujour import Dujour, whitelist
from glasshouse.collector.doors.native import Native
from glasshouse.collector.doors.percona import Percona
from glasshouse.collector.doors.segment import Segment
from glasshouse.collector.doors.uplink import Uplink

ALL: tuple[Door, ...] = (
    Native(),
    Segment(),
    Percona(),
    Dujour(),
    Amplitude(),
    Uplink(),
    Beacon(),
    BrowserDoor(),
)

DOORS: Mapping[str, Door] = {door.name: door for door in ALL}

# Some clients end every path with a slash.
DOOR_BY_ROUTE: Mapping[tuple[str, str], Door] = {
    (method, path + slash): door
    for door in ALL
    for method, path in door.routes
    for slash in ("", "/")
    if path + slash != "//"
}

# What clients ask before they send anything. Nothing is received, so nothing is recorded.
INQUIRIES: Mapping[tuple[str, str], Callable[[Desk], Reply]] = {("GET", "/whitelist"): whitelist}

METHODS_BY_PATH: Mapping[str, tuple[str, ...]] = {
    path: tuple(m for m, p in (*DOOR_BY_ROUTE, *INQUIRIES) if p == path)
    for _, path in (*DOOR_BY_ROUTE, *INQUIRIES)
}

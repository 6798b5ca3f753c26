"""The doors, one file a wire format."""

from collections.abc import Mapping

from glasshouse.collector.door import Door
from glasshouse.collector.doors.native import Native
from glasshouse.collector.doors.percona import Percona
from glasshouse.collector.doors.segment import Segment

DOORS: Mapping[str, Door] = {door.name: door for door in (Native(), Segment(), Percona())}

DOOR_BY_PATH: Mapping[str, Door] = {path: door for door in DOORS.values() for path in door.paths}

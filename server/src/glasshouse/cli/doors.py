"""The doors of one process: what its collector needs, wired together."""

import time

from glasshouse.catalogue import Catalogue
from glasshouse.cli.clock import now
from glasshouse.cli.errors import CommandError
from glasshouse.cli.installation import Installation
from glasshouse.collector.app import Collector
from glasshouse.collector.desk import Desk
from glasshouse.collector.pace import Pace
from glasshouse.collector.places import Places, PlacesError
from glasshouse.collector.proofs import Proofs
from glasshouse.collector.quarantine import Quarantine
from glasshouse.journal import Appendable
from glasshouse.notices import Notice, tell
from glasshouse.settings import Settings


class Doors:
    """`pace`, `desk` and `collector` over a journal; one of `settings.collectors` processes."""

    def __init__(
        self,
        settings: Settings,
        places: Places,
        *,
        catalogue: Catalogue,
        server_key: bytes,
        proofs: Proofs,
        journal: Appendable,
        quarantine: Quarantine,
    ) -> None:
        self.pace = Pace(
            time.monotonic,
            settings.items_per_second,
            shared=settings.collectors > 1,
            place_key=server_key,
        )
        self.desk = Desk(
            catalogue,
            places,
            now,
            server_key,
            settings.trusted_proxies,
            proofs=proofs,
            pace=self.pace,
        )
        self.collector = Collector(
            self.desk,
            journal,
            settings.in_flight_bytes // settings.collectors,
            quarantine=quarantine,
            report=_defect,
        )


def doors_of(installation: Installation, places: Places) -> Doors:
    """The doors of a process that has an installation open."""
    return Doors(
        installation.settings,
        places,
        catalogue=installation.catalogue,
        server_key=installation.server_key(),
        proofs=installation.proofs,
        journal=installation.journal,
        quarantine=installation.quarantine,
    )


def _defect(place: str) -> None:
    tell(Notice.DEFECT, place=place)


def places_of(settings: Settings) -> Places:
    """Raises `CommandError` if a database cannot be read."""
    try:
        return Places(settings.country_database, settings.regions)
    except PlacesError as error:
        raise CommandError(str(error), status=2) from None

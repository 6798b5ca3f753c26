"""What the console has of the other parts of an installation, as functions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from glasshouse.alerting.watch import Watch
from glasshouse.alerting.webhook import secret_of
from glasshouse.catalogue import Product
from glasshouse.cli.alerting import alert_key
from glasshouse.cli.errors import CommandError
from glasshouse.cli.installation import Installation
from glasshouse.cli.keeping import carry_out, export_lines, record
from glasshouse.console.beside import Beside
from glasshouse.keeping import ledger
from glasshouse.office import OfficeError
from glasshouse.people import Reader

Counts = Mapping[str, Mapping[str, int]]


def beside_of(
    installation: Installation, watch: Watch, forgotten: Callable[[], Counts] = dict
) -> Beside:
    """`forgotten` counts the requests of instances to be forgotten."""
    records, holdings = installation.records, installation.holdings

    def change_product(slug: str, changes: Mapping[str, Any], by: Reader) -> Product:
        try:
            return installation.change_product(slug, changes, by)
        except KeyError:
            raise OfficeError(f"found no product '{slug[:64]}'", missing=True) from None

    def erase(asked: Mapping[str, Any], by: Reader) -> Mapping[str, Any]:
        record(records, by, "erase", asked)
        try:
            return carry_out(holdings, "erase", asked)
        except CommandError as error:
            raise OfficeError(str(error)) from None

    def export(asked: Mapping[str, Any], by: Reader) -> Iterator[str]:
        record(records, by, "export", asked)
        try:
            return export_lines(holdings, asked)
        except CommandError as error:
            raise OfficeError(str(error)) from None

    def erasures() -> Sequence[Mapping[str, Any]]:
        return list(ledger.entries(holdings.files.directory / ledger.NAME))

    return Beside(
        installation.office,
        try_alert=watch.try_out,
        webhook_secret=lambda alert: secret_of(alert_key(installation), alert),
        change_product=change_product,
        erase=erase,
        export=export,
        erasures=erasures,
        forgotten=forgotten,
    )

"""`/alerts/{product}/{name}`: who has not moved, with whom to write to. Exact, and recorded."""

from starlette.requests import Request
from starlette.responses import Response

from glasshouse.console.beside import Beside
from glasshouse.console.office_api import CONTACT_COLUMNS, contact_rows
from glasshouse.console.pages.message import message
from glasshouse.console.templating import page
from glasshouse.console.words import say
from glasshouse.insight import QuestionError
from glasshouse.insight.exporting import csv_text
from glasshouse.insight.reading import Reading
from glasshouse.office import OfficeError

CSV = "text/csv; charset=utf-8"


class AdvisoryContactsPage:
    """As a page, and with `?format=csv` for a spreadsheet."""

    def __init__(self, reading: Reading, beside: Beside) -> None:
        self._reading = reading
        self._beside = beside

    def __call__(self, request: Request) -> Response:
        slug, name = request.path_params["product"], request.path_params["name"]
        try:
            advisory = self._beside.office.advisories.one(slug, name)
            rows = contact_rows(self._reading, self._beside, slug, name)
        except OfficeError as error:
            return message(404, say("message.no_advisory"), error=error)
        except QuestionError as error:
            return message(400, say("message.no_organizations"), error=error)
        if request.query_params.get("format") == "csv":
            text = csv_text(CONTACT_COLUMNS, [list(row.values()) for row in rows])
            headers = {"content-disposition": f'attachment; filename="{slug}-{name}.csv"'}
            return Response(text, media_type=CSV, headers=headers)
        product = self._reading.product(slug)
        return page("advisory_contacts", advisory=advisory, rows=rows, product=product)

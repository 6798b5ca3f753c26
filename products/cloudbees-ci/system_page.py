"""Manage Jenkins, System, Usage Statistics: the toggle, its help, and the list of all events.

The list is made from what the installed plugins declare, so it cannot differ from what is sent.
"""

from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from glasshouse_sdk import Telemetry

LABEL = "Help make {product} better by sending telemetry and metrics to evaluate patterns of usage"
SYSTEM = "/manage/configure"
DETAILS = "/manage/analytics"
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1>{body}</body></html>
"""
MANAGE = f'<p><a href="{SYSTEM}">System</a></p>'
STATISTICS = """<h2>Usage Statistics</h2>
<form method="post"><label><input type="checkbox" name="sends"{checked}> {label}</label>
<details><summary aria-label="Help">?</summary><p>Help make CloudBees better by sending telemetry
and metrics to evaluate patterns of usage. Names, job names, URLs and instance ids are anonymized
before they leave. To view all events that this controller is configured to send,
<a href="{details}">see details</a>.</p></details>
<button>Save</button></form>"""
ITEM = """<h2>{item}</h2><p>{text} ({part})</p>
<table><tr><th>Property<th>Description<th>Anonymized</tr>{rows}</table>"""
ROW = "<tr><td>{name}<td>{why}<td>{anonymized}</tr>"


def label_of(product: str) -> str:
    return LABEL.format(product=product)


def system_page(product: str, open_telemetry: Callable[[], Telemetry]) -> Starlette:
    """`open_telemetry` is called for each request, for plugins come and go."""

    async def manage(_: Request) -> Response:
        return _page("Manage Jenkins", MANAGE)

    async def show(_: Request) -> Response:
        checked = " checked" if open_telemetry().consent == "on" else ""
        label = escape(label_of(product))
        body = STATISTICS.format(checked=checked, label=label, details=DETAILS)
        return _page("System", body)

    async def save(request: Request) -> Response:
        form = parse_qs((await request.body())[:10_000].decode("utf-8", "replace"))
        says = "on" if "sends" in form else "off"
        open_telemetry().answer(says, by="Manage Jenkins > System > Usage Statistics")
        return RedirectResponse(SYSTEM, 303)

    async def details(_: Request) -> Response:
        declared = open_telemetry().declared()
        return _page("Events of this controller", "".join(_item(each) for each in declared))

    return Starlette(
        routes=[
            Route("/manage", manage),
            Route(SYSTEM, show),
            Route(SYSTEM, save, methods=["POST"]),
            Route(DETAILS, details),
        ]
    )


def _item(item: dict[str, Any]) -> str:
    rows = "".join(
        ROW.format(
            name=escape(field["field"]),
            why=escape(field["why"]),
            anonymized="No" if field.get("anonymise", "none") == "none" else "Yes",
        )
        for field in item["fields"]
    )
    part = escape(item["part"] or "CloudBees Analytics Plugin")
    return ITEM.format(item=escape(item["item"]), text=escape(item["text"]), part=part, rows=rows)


def _page(title: str, body: str) -> Response:
    return HTMLResponse(PAGE.format(title=title, body=body))

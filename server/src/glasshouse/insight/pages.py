"""The page views of a product's web pages, as the manifest's [browser] declares them.

A visitor is what the browser door knows: where people are asked and agree, the identifier in their
cookie; otherwise a key that lives one day, so that whoever comes on two days is two visitors. A
visit is a row of views of one visitor without a pause of more than 30 minutes.
"""

from glasshouse.insight.declared_field import quoted
from glasshouse.insight.errors import QuestionError
from glasshouse.insight.queries import query_text
from glasshouse.insight.question import Inquiry
from glasshouse.store import Store
from glasshouse_sdk.manifest import Item, Manifest

PAUSE = 30  # minutes
MOST_ROWS = 500


def page_view(asked: Inquiry) -> Item:
    """The declared page view. Raises `QuestionError` where there is none with a route."""
    browser = asked.manifest.browser
    item = asked.manifest.items.get(browser.page_view or "") if browser else None
    if item is None or "route" not in item.fields:
        raise QuestionError(
            "product",
            f"'{asked.product}', whose manifest declares no page views",
            "one with 'page_view' under [browser], and a field 'route' in that event",
        )
    return item


def views_sql(store: Store, asked: Inquiry) -> str | None:
    """Rows of `instance`, `route`, `route_before`, `begins`, `ends`, one a view; None: no views."""
    names = page_names(store, asked, page_view(asked))
    if names is None:
        return None
    return query_text("views_of_pages").format(**names, pause=PAUSE)


def page_names(store: Store, asked: Inquiry, item: Item) -> dict[str, str] | None:
    """What the queries about pages have in braces; None as long as nothing of it was loaded."""
    try:
        table = store.item_table(asked.product, item.path)
    except KeyError:
        return None
    fields = {name: quoted(name) for name in ("route", "load_time")}
    return {"table": table, "chosen": asked.chosen(store).text, **fields}


def has_pages(manifest: Manifest) -> bool:
    """Whether the manifest declares page views that can be asked about."""
    browser = manifest.browser
    item = manifest.items.get(browser.page_view or "") if browser else None
    return item is not None and "route" in item.fields


def has_load_times(manifest: Manifest) -> bool:
    """Whether page views say how long they took."""
    browser = manifest.browser
    item = manifest.items.get(browser.page_view or "") if browser else None
    return item is not None and "load_time" in item.fields


def route_path(manifest: Manifest) -> str:
    """The field that names the page of a view, as a trait; empty where there is none."""
    browser = manifest.browser
    return f"{browser.page_view}.route" if browser and has_pages(manifest) else ""

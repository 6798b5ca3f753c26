"""What a person does on the pages, by pointer and by keys: the address says all of it."""

from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import fleet as fleets
import pytest
from chromium import opened
from serving import served

from glasshouse.console.app import console_app
from glasshouse.loading import Loader

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

OUTPUT = Path(__file__).parents[3] / "test-output"
FORGE = "/products/forge"


@pytest.fixture
def page(browser):
    with opened(browser, 1280, 900, "light") as shown:
        yield shown
        assert shown.complaints == []


def state(page):
    """The path behind the product, and the state, that the address has."""
    parts = urlsplit(page.value("location.href"))
    return parts.path.removeprefix(FORGE).strip("/"), parse_qs(parts.query)


def cells(page, figure, column=0):
    """The texts of a column of a figure's table."""
    return page.value(
        f"[...document.querySelectorAll('#{figure} tbody tr')].map("
        f"r => r.children[{column}].firstChild.textContent.trim())"
    )


def test_periods_by_pointer_arrow_key_and_date(page, great_console):
    page.open(f"{great_console}{FORGE}/versions")
    page.follow("nav[aria-label=Period] a")
    assert state(page) == ("versions", {"period": ["7d"]})
    page.go("y")
    assert state(page)[1] == {"period": ["12m"]}
    page.go("m")
    page.go("ArrowLeft")
    assert state(page)[1] == {"from": ["2026-09-20"], "to": ["2026-10-19"]}
    page.go("ArrowRight")
    assert state(page)[1] == {"from": ["2026-10-20"], "to": ["2026-11-18"]}
    assert page.value("document.querySelector('[aria-keyshortcuts=ArrowRight]')") is None
    page.value("document.querySelector('.days [name=from]').value = '2026-11-02'; 1")
    page.value("document.querySelector('.days [name=to]').value = '2026-11-15'; 1")
    page.follow(".days button")
    assert state(page)[1] == {"from": ["2026-11-02"], "to": ["2026-11-15"]}
    page.go("2")
    page.value("document.querySelector('#version_adoption details').open = true; 1")
    assert cells(page, "version_adoption") == ["9 Nov 2026", "2 Nov 2026"]


def test_comparing_draws_and_writes_the_period_before(page, great_console, great):
    page.open(f"{great_console}{FORGE}?period=30d")
    page.go("c")
    assert state(page)[1] == {"period": ["30d"], "compare": ["previous"]}
    assert page.value("document.querySelectorAll('svg.broad polyline.before').length") == 1
    words = {"product": ["forge"], "period": ["30d"], "compare": ["previous"]}
    before = great.insight.ask("active_instances", words).column("instances_before")
    shown = page.value(
        "[...document.querySelectorAll('#active_instances tbody small')].map(s => s.textContent)"
        ".filter(t => t.startsWith('before'))"
    )
    assert shown == [f"before: {count:,}" for count in reversed(before)]
    page.follow(".toggle")
    assert state(page)[1] == {"period": ["30d"]}
    page.open(f"{great_console}{FORGE}/organization?id=org-01")
    assert page.value("document.querySelectorAll('svg.broad polyline.before').length") == 1
    page.go("c")
    assert page.value("document.querySelectorAll('svg.broad polyline.before').length") == 0


def test_any_value_narrows_and_a_condition_turns_and_goes(page, great_console):
    page.open(f"{great_console}{FORGE}/geography?period=30d")
    page.follow("#geography tbody a")
    country = state(page)[1]["where"][0].removeprefix("country=")
    assert len(country) == 2
    page.follow(".menu a", 0)
    assert state(page) == ("", {"period": ["30d"], "where": [f"country={country}"]})
    page.follow(".filters a", 0)
    assert state(page)[1]["where"] == [f"country!={country}"]
    assert "country is not" in page.value("document.querySelector('.filters').innerText")
    page.click(".adding summary")
    page.value("document.querySelector('.adding [name=name]').value = 'snapshot.host.system'; 1")
    page.value("document.querySelector('.adding [name=relation]').value = '~'; 1")
    page.value("document.querySelector('.adding [name=value]').value = 'debian'; 1")
    page.follow(".adding button")
    assert state(page)[1]["where"] == [f"country!={country}", "snapshot.host.system~debian"]
    assert "system contains debian" in page.value("document.querySelector('.filters').innerText")
    page.follow(".filters li:first-child a:last-child")
    assert state(page)[1]["where"] == ["snapshot.host.system~debian"]
    page.open(f"{great_console}{FORGE}/fleet?field=snapshot.host.system&across=version&period=30d")
    page.follow("#field_distribution tbody a")
    assert state(page)[1]["where"][0].startswith("snapshot.host.system=")
    assert state(page)[1]["field"] == ["snapshot.host.system"]


def test_a_point_of_a_chart_opens_the_list_behind_it(page, great_console, great):
    page.open(f"{great_console}{FORGE}?by=day&period=30d&where=country=DE")
    page.follow("#active_instances svg.broad .slot rect", 12)
    name, query = state(page)
    assert name == "instances"
    assert query["from"] == query["to"]
    assert query["where"] == ["country=DE"]
    day = date.fromisoformat(query["from"][0])
    items = great.fleet.of()
    newest = {}
    for item in sorted(items, key=lambda item: item.at):
        newest[item.instance] = item.country or newest.get(item.instance)
    there = {i.instance for i in items if i.at.date() == day and newest[i.instance] == "DE"}
    assert set(cells(page, "instances")) == there
    page.picture(OUTPUT / "instances-behind-a-point.png")
    page.follow("#instances tbody a")
    assert state(page)[0] == "instance"
    assert page.value("document.querySelector('h1').textContent") in there


def test_the_table_leads_where_the_chart_does(page, great_console):
    page.open(f"{great_console}{FORGE}/versions?period=90d")
    page.click("#version_adoption summary")
    page.follow("#version_adoption tbody td a")
    name, query = state(page)
    assert (name, query["where"][0].partition("=")[0]) == ("instances", "version")


def test_every_table_is_there_as_csv_and_json(page, great_console):
    for path in ("/versions", "/organization?id=org-01", "/fleet?across=version", "/pages"):
        page.open(f"{great_console}{FORGE}{path}")
        links = page.value(
            "[...document.querySelectorAll('figure.card:has(table)')].map(f => "
            "[...f.querySelectorAll('.exports a')].map(a => a.href))"
        )
        assert len(links) > 1
        for both in links:
            assert len(both) == 2
            csv = page.value(f"fetch({both[0]!r}).then(r => r.ok ? r.text() : '')")
            rows = page.value(f"fetch({both[1]!r}).then(r => r.json()).then(d => d.rows.length)")
            assert csv.count("\r\n") == rows + 1


def test_keys_are_listed_search_and_can_be_switched_off(page, great_console):
    page.open(f"{great_console}{FORGE}/versions")
    page.press("?")
    assert page.value("document.querySelector('dialog.keys').open")
    keys = page.value("[...document.querySelectorAll('dialog.keys dt')].map(e => e.textContent)")
    assert {"←", "w", "m", "q", "y", "1", "2", "3", "c", "/", "?"} <= set(keys)
    page.picture(OUTPUT / "keys.png")
    page.click("dialog.keys .switch")
    page.click("dialog.keys .close")
    assert not page.value("document.querySelector('dialog.keys').open")
    page.press("w")
    assert state(page) == ("versions", {})
    page.value("localStorage.clear(); 1")
    page.press("/")
    assert page.value("document.activeElement.type") == "search"
    page.press("w")  # is typed, not obeyed
    assert state(page) == ("versions", {})
    assert page.value("document.activeElement.value") == "w"


def test_an_advisory_from_a_range_and_from_a_record(page, great_console):
    page.open(f"{great_console}{FORGE}/advisories")
    page.value("document.querySelector('.asking [name=affected]').value = '>=2.0.0,<2.1.0'; 1")
    page.value("document.querySelector('.asking [name=disclosed]').value = '2026-10-01'; 1")
    page.follow(".asking button")
    of_range = cells(page, "advisory", 2)
    assert len(of_range) == 2
    assert int(of_range[0].replace(",", "")) > 0
    record = (
        '{"published": "2026-10-01T00:00:00Z", "affected": [{"ranges": [{"type": "SEMVER", '
        '"events": [{"introduced": "2.0.0"}, {"fixed": "2.1.0"}]}]}]}'
    )
    page.open(f"{great_console}{FORGE}/advisories")
    page.value(f"document.querySelector('.asking [name=osv]').value = {record!r}; 1")
    page.follow(".asking button")
    assert cells(page, "advisory", 2) == of_range
    assert len(cells(page, "advisory_organizations")) > 10
    page.follow("#advisory_organizations tbody a")
    assert state(page)[0] == "organization"


def test_a_funnel_from_what_the_manifest_suggests(page, great_console):
    page.open(f"{great_console}{FORGE}/funnels")
    assert len(cells(page, "funnel")) == 4
    page.follow(".ways a", 1)
    assert state(page)[1]["steps"] == ["command_finished,set_up,report_opened"]
    assert cells(page, "funnel") == ["command_finished", "set_up", "report_opened"]


def test_countries_are_called_by_their_names(page, great_console):
    page.open(f"{great_console}{FORGE}/geography")
    assert "Germany (DE)" in cells(page, "geography")


def test_the_first_item_shows_by_itself(page, tmp_path):
    made = fleets.world(tmp_path, fleets.Fleet(), refusals=[])
    with served(console_app(made.insight, "token", open_on_loopback=True)) as url:
        page.open(f"{url}{FORGE}")
        page.picture(OUTPUT / "first-use.png")
        assert "Waiting" in page.value("document.querySelector('.arrival').innerText")
        key = made.catalogue.product("forge").keys[0].key
        assert key in page.value("document.querySelector('.first-use').innerText")
        assert page.value("document.querySelectorAll('.copied .copy').length") == 3
        item = fleets.Item(
            "snapshot.host", fleets.NOW, "a", "production", "1.0", "DE", {"cores": 2}
        )
        payloads = [fleets.payload([], first=0), fleets.payload([item], first=0)]
        loader = Loader(fleets.ListJournal(payloads), made.store, made.catalogue, tmp_path)
        while loader.cycle().more:
            pass
        page.wait_until("document.querySelector('.arrival.here') !== null")
        page.picture(OUTPUT / "first-use-arrived.png")
        lamp = "getComputedStyle(document.querySelector('.lamp')).backgroundColor"
        assert page.value(lamp) == "rgb(17, 105, 63)"
        told = page.value("document.querySelector('#content').innerText")
        assert "It works" in told
        assert "Waiting for the first item" not in told
        assert "Nothing has arrived" not in told
        assert page.value("document.querySelector('.books .sum dd').textContent") == "1"
        page.follow(".arrival a")
        assert page.value("document.querySelector('.arrival')") is None
        assert page.value("document.querySelectorAll('#active_instances svg').length") == 2
    made.store.close()

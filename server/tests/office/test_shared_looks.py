"""A shared page in a real Chromium: what its holder sees works, and nothing leads to the way in."""

from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from chromium import opened
from every_page import GREAT, lived_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

OUTPUT = Path(__file__).parents[3] / "test-output"
ADVISORY = {"affected": "<2.1.0", "disclosed": str(date.today() - timedelta(days=30))}
PAGES = {
    "overview": f"{GREAT}?period=30d&field=snapshot.host.system",
    "versions": f"{GREAT}/versions?by=month&period=90d&compare=previous&where=country=DE",
    "fleet": f"{GREAT}/fleet?field=snapshot.host.system&across=version",
    "simulated": f"{GREAT}?origin=simulated",
    "features": f"{GREAT}/features?field=event.command_finished.command",
    "advisories": f"{GREAT}/advisories?{urlencode(ADVISORY)}",
    "funnels": f"{GREAT}/funnels",
    "pages": f"{GREAT}/pages",
    "development": f"{GREAT}?origin=development",
    "narrowing": f"{GREAT}/versions?name=country&value=DE",
    "retention": f"{GREAT}/retention",
    "geography": f"{GREAT}/geography",
    "health": f"{GREAT}/health",
    "dictionary": f"{GREAT}/dictionary?search=system",
    "disclosure": f"{GREAT}/disclosure",
}
WAY_IN = "people who have an account"
LEADING = """
(async () => {
  const links = new Set(
    [...document.querySelectorAll("a[href]")].map(a => a.href.baseVal ?? a.href));
  const found = [];
  for (const link of links) {
    if (link.startsWith(location.href + "#")) continue;
    const answer = await fetch(link);
    const text = await answer.text();
    found.push([link, answer.status, text.includes(%r)]);
  }
  return found;
})()
"""


@pytest.fixture(scope="module", autouse=True)
def filled(house):
    lived_in(house)


@pytest.mark.parametrize("raw", [False, True], ids=["suppressed", "exact"])
def test_nothing_on_a_shared_page_leads_to_the_way_in(house, browser, raw):
    with opened(browser, 1280, 860, "light") as page:
        for name, address in PAGES.items():
            secret, _ = house.office.shares.make("robin", address, name, raw=raw, days=7)
            page.open(f"{house.url}/shared/{secret}")
            page.picture(OUTPUT / f"shared-{name}-{'exact' if raw else 'suppressed'}.png")
            text = page.value("document.querySelector('main').innerText")
            assert "Shared by robin until" in page.value("document.body.innerText"), name
            assert len(text) > 100, name
            led = page.value(LEADING % WAY_IN)
            assert [each for each in led if each[1] != 200 or each[2]] == [], name
            forms = page.value("[...document.forms].filter(f => f.method !== 'dialog').length")
            assert forms == 0, name
            hidden = page.value("document.querySelectorAll('main [hidden]').length")
            assert hidden == 0, name
            keys = page.value("document.querySelectorAll('[aria-keyshortcuts]').length")
            assert keys == 0, name
            assert page.complaints == [], name


def test_a_shared_page_says_what_it_was_asked_for(house, browser):
    with opened(browser, 390, 844, "light") as page:
        for name in ("versions", "advisories"):
            secret, _ = house.office.shares.make("robin", PAGES[name], name, raw=True, days=7)
            page.open(f"{house.url}/shared/{secret}")
            page.picture(OUTPUT / f"shared-{name}-phone.png")
            said = page.value("document.querySelector('dl.asked').innerText")
            if name == "versions":
                assert "Month" in said
                assert "country is DE" in said
                assert "the period before" in said.lower()
            else:
                assert "<2.1.0" in said
            assert page.value("document.documentElement.scrollWidth") <= 390


def test_the_same_page_of_its_maker_leads_on(house, browser):
    """What is looked for above is there without a link: the test can fail."""
    with opened(browser, 1280, 860, "light") as page:
        secret = house.people.begin_session("robin").secret
        page._call("Network.setCookie", name="glasshouse_session", value=secret, url=house.url)
        page.open(house.url + PAGES["versions"])
        assert page.value("document.querySelectorAll('main form').length") > 1
        assert page.value("document.querySelectorAll('main a[href]').length") > 20

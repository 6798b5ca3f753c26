"""Saved advisories on a product's page, in a real Chromium: asked by a click, saved by another."""

import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from axe import faults
from chromium import opened
from test_office_looks import enter

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

OUTPUT = Path(__file__).parents[3] / "test-output"
PATH = "/products/forge/advisories"
PAYLOAD = "<img src=x onerror=document.title='owned'>"


@pytest.fixture(scope="module")
def disclosed(house):
    """The day on which an advisory of the house was disclosed."""
    day = house.installation.insight.now().date() - timedelta(days=30)
    house.office.advisories.save(
        "forge", "CVE-2026-1", title=PAYLOAD, affected=">=2.0.0,<2.1.0", disclosed=day,
        fix="", by="robin",
    )  # fmt: skip
    return day


def set_value(page, name, value):
    page.value(f"document.querySelector('.asking [name={name}]').value = {value!r}; 1")


def test_a_saved_advisory_is_asked_and_another_one_saved(house, browser, disclosed):
    with opened(browser, 1280, 860, "light") as page:
        enter(page, house, "robin")
        page.open(house.url + PATH)
        assert page.value("document.querySelectorAll('figure').length") == 0
        row = page.value("document.querySelector('.saved tbody tr').innerText")
        assert "CVE-2026-1" in row
        assert PAYLOAD in row
        assert ">=2.0.0,<2.1.0" in row
        below = "document.querySelector('.saved').compareDocumentPosition(document.querySelector"
        assert page.value(f"{below}('.asking')) & Node.DOCUMENT_POSITION_FOLLOWING")
        page.follow(".saved tbody a")
        query = parse_qs(urlsplit(page.value("location.href")).query)
        assert query == {"affected": [">=2.0.0,<2.1.0"], "disclosed": [str(disclosed)]}
        assert page.value("document.querySelector('.asking [name=affected]').value") == (
            ">=2.0.0,<2.1.0"
        )
        assert page.value("document.querySelectorAll('#advisory tbody tr').length") == 2
        assert page.value("document.querySelector('.saved [aria-current]') !== null")
        assert page.value("document.querySelector('a.save')") is None, "it is saved already"
        page.picture(OUTPUT / "saved-advisories-desktop.png")
        assert faults(page) == []
        set_value(page, "affected", "<2.1.0")
        page.follow(".asking button")
        page.follow("a.save")
        assert page.value("location.pathname + location.hash") == "/alerts#save"
        form = {
            name: page.value(f"document.querySelector('#{name}').value")
            for name in ("product", "name", "affected", "disclosed")
        }
        assert form == {
            "product": "forge", "name": "", "affected": "<2.1.0", "disclosed": str(disclosed),
        }  # fmt: skip
        page.value("document.querySelector('#name').value = 'CVE-2026-2'; 1")
        page.follow("button[value=save]")
        page.open(house.url + PATH)
        names = page.value(
            "[...document.querySelectorAll('.saved tbody a')].map(a => a.textContent)"
        )
        assert sorted(names) == ["CVE-2026-1", "CVE-2026-2"]
        assert page.complaints == []


def test_a_record_brings_its_name_and_its_summary(house, browser, disclosed):
    record = {"id": "GHSA-9", "summary": 'It reads "too" much & more', "published":
              "2026-02-03T00:00:00Z", "affected": [{"ranges": [{"type": "SEMVER", "events": [
                  {"introduced": "2.0.0"}, {"fixed": "2.0.4"}]}]}]}  # fmt: skip
    with opened(browser, 390, 844, "light") as page:
        enter(page, house, "robin")
        page.open(house.url + PATH)
        set_value(page, "osv", json.dumps(record))
        page.follow(".asking button")
        page.picture(OUTPUT / "saved-advisories-phone.png")
        assert page.value("document.documentElement.scrollWidth") <= 390
        page.follow("a.save")
        values = page.value(
            "['name', 'title', 'affected', 'disclosed'].map(n => document.getElementById(n).value)"
        )
        assert values == ["GHSA-9", record["summary"], ">=2.0.0,<2.0.4", "2026-02-03"]


def test_without_the_right_they_are_asked_and_not_saved(house, browser, disclosed):
    with opened(browser, 1280, 860, "light") as page:
        enter(page, house, "kim")
        page.open(house.url + PATH)
        page.follow(".saved tbody a")
        assert page.value("document.querySelectorAll('#advisory tbody tr').length") == 2
        text = page.value("document.querySelector('main').innerText")
        assert "counts in steps" in text
        words = house.office.advisories.one("forge", "CVE-2026-1").words()
        told = house.installation.insight.ask_suppressed("advisory", words).column("instances")
        cells = page.value(
            "[...document.querySelectorAll('#advisory tbody tr')].map(r => r.cells[2].innerText)"
        )
        assert cells == [f"{count:,}" if count is not None else "withheld" for count in told]
        set_value(page, "affected", "<2.0.9")
        page.follow(".asking button")
        assert page.value("document.querySelector('a.save')") is None


@pytest.mark.parametrize("query", ["affected=>", "osv={", "osv=[]", "affected=<2&disclosed=x"])
def test_what_cannot_be_asked_is_not_offered_to_be_saved(house, robin, query):
    page = robin.get(f"{PATH}?{query}")
    assert page.status_code in (200, 400)
    assert 'class="button save"' not in page.text

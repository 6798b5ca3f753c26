"""The pages of the office in a real Chromium: they fit, name their fields, and ask nobody else.

The pictures go to test-output/ and are meant to be looked at.
"""

from datetime import timedelta
from pathlib import Path

import pytest
from axe import faults
from chromium import opened

from glasshouse.office import Contact
from glasshouse.office.alerts import Medium
from glasshouse.people.rights import machine

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

OUTPUT = Path(__file__).parents[3] / "test-output"
SIZES = {"desktop": (1280, 860), "phone": (390, 844)}
PAGES = {
    "alerts": "/alerts",
    "advisory-contacts": "/alerts/forge/CVE-2026-1",
    "shares": "/shares",
    "all-settings": "/settings",
    "settings": "/products/forge/settings",
    "privacy": "/privacy",
    "public": "/public/forge",
}
PAYLOAD = "<img src=https://evil.example/x onerror=document.title='owned'>"


@pytest.fixture(scope="module")
def lived_in(house):
    """Something of everything, with markup in every text that people write."""
    office, installation = house.office, house.installation
    published = ["active_instances?by=week&period=90d", "version_adoption?by=month&period=90d",
                 "field_distribution?field=system"]  # fmt: skip
    installation.change_product("forge", {"publish": published, "publish_group": 20}, machine())
    today = installation.insight.now().date()
    office.advisories.save(
        "forge", "CVE-2026-1", title=PAYLOAD, affected=">=2.0.0,<2.0.4",
        disclosed=today - timedelta(days=30), fix=f"Upgrade to 2.0.4 {PAYLOAD}", by="robin",
    )  # fmt: skip
    office.contacts.replace("forge", [Contact("organization-3", PAYLOAD, "it@example.com")])
    for medium, to in (
        (Medium.EMAIL, "ops@example.com"),
        (Medium.WEBHOOK, "https://hook.example/x"),
    ):
        alert = office.alerts.add(
            "forge", "advisory", {}, advisory="CVE-2026-1", raw=medium is Medium.WEBHOOK,
            person="robin", medium=medium, destination=to,
        )  # fmt: skip
    office.alerts.failed(alert, "the webhook answered 500; expected 200 to 299")
    office.shares.make("robin", "/products/forge?period=30d", PAYLOAD, raw=True, days=30)
    office.releases.put("forge", "2.1.0", today, PAYLOAD)
    return house


def enter(page, house, name):
    secret = house.people.begin_session(name).secret
    page._call("Network.setCookie", name="glasshouse_session", value=secret, url=house.url)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SIZES)
def test_the_pages_fit_name_their_fields_and_let_nothing_act(lived_in, browser, screen, scheme):
    with opened(browser, *SIZES[screen], scheme) as page:
        enter(page, lived_in, "robin")
        for name, path in PAGES.items():
            page.open(lived_in.url + path)
            page.picture(OUTPUT / f"{name}-{screen}-{scheme}.png")
            assert page.value("document.title") != "owned", name
            assert page.value("document.querySelectorAll('img').length") == 0, name
            assert page.value("document.documentElement.scrollWidth") <= SIZES[screen][0], name
            unnamed = page.value(
                "[...document.querySelectorAll('input:not([type=hidden]),select,textarea,button')]"
                ".filter(e => !(e.labels?.length || e.getAttribute('aria-label') || e.innerText "
                "|| e.hidden)).map(e => e.outerHTML)"
            )
            assert unnamed == [], name
            twice = page.value(
                "(ids => ids.filter((id, n) => ids.indexOf(id) !== n))"
                "([...document.querySelectorAll('[id]')].map(e => e.id))"
            )
            assert twice == [], name
            assert faults(page) == [], name
        assert page.complaints == []
        assert [url for url in page.requests if not url.startswith(lived_in.url + "/")] == []


def test_from_a_page_to_a_link_that_a_stranger_opens(lived_in, browser):
    with opened(browser, *SIZES["desktop"], "light") as page:
        enter(page, lived_in, "kim")
        page.open(f"{lived_in.url}/products/forge?period=30d")
        click(page, "footer a[href='/shares']")
        assert page.value("document.querySelector('[name=address]').value") == (
            "/products/forge?period=30d"
        )
        click(page, "button[value=make]")
        link = page.value("document.querySelector('.secret').innerText").strip()
        page._call("Network.clearBrowserCookies")
        page.open(link)
        page.picture(OUTPUT / "shared-desktop-light.png")
        text = page.value("document.body.innerText")
        assert "Shared by kim until" in text
        assert "Active instances" in text
        assert page.complaints == []
        assert page.value("document.cookie") == ""


def test_without_script_a_form_does_its_work(lived_in, browser):
    with opened(browser, *SIZES["phone"], "light") as page:
        enter(page, lived_in, "robin")
        page.open(f"{lived_in.url}/products/forge/settings")
        page.value("document.querySelector('#released').value = '9.9.9'; 1")
        click(page, "button[value=put]")
        assert "9.9.9" in [r.version for r in lived_in.office.releases.of("forge")]
        assert page.value("location.pathname") == "/products/forge/settings"
        lived_in.office.releases.remove("forge", "9.9.9")


def click(page, selector):
    page.value(f"document.querySelector({selector!r}).click(); 1")
    page._browser.settle(1.5)

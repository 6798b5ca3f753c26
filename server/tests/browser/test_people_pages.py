"""People in a real browser: the first link, logging in, inviting, tokens, logs, a viewer's page."""

from datetime import timedelta
from pathlib import Path

import fleet as fleets
import pytest
from chromium import opened
from serving import served

from glasshouse.console.app import access_in_memory, console_app
from glasshouse.people import Role

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

OUTPUT = Path(__file__).parents[3] / "test-output"
PASSWORD = "a long enough password"
SIZES = {"desktop": (1280, 860), "phone": (390, 844)}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = fleets.world(tmp_path_factory.mktemp("people"), fleets.generated(300))
    yield made
    made.store.close()


@pytest.fixture
def access():
    return access_in_memory("machine")


@pytest.fixture
def url(world, access):
    with served(console_app(world.insight, access)) as url:
        yield url


def fill(page, **fields):
    """Type into the page's form and send it as its button does."""
    for name, value in fields.items():
        page.value(f"document.querySelector('[name={name}]').value = {value!r}; 1")


def press(page, button):
    page.follow(button)


def text(page):
    return page.value("document.body.innerText")


def test_from_the_first_link_to_a_viewer(browser, url, access):
    secret = access.register.invite(Role.ADMIN, raw=True, kind="first")
    with opened(browser, *SIZES["desktop"], "light") as page:
        page.open(f"{url}/enter?link={secret}")
        page.picture(OUTPUT / "first-link-desktop-light.png")
        fill(page, name="robin", password=PASSWORD)
        press(page, "main form button")
        assert "Forge" in text(page)
        assert page.value("document.cookie") == "", "no script can read the session"
        page.open(f"{url}/people")
        fill(page, role="viewer")
        page.value("document.querySelector('.form [name=raw]').checked = false; 1")
        press(page, ".form button")
        assert "It works once" in text(page)
        page.picture(OUTPUT / "people-desktop-light.png")
        link = page.value("document.querySelector('.secret').innerText").strip()
        page.open(f"{url}/account")
        fill(page, title="nightly figures")
        press(page, "button[value=make]")
        assert "ghtok_" in text(page)
        page.picture(OUTPUT / "account-desktop-light.png")
        press(page, "button[value=leave]")
        assert "people who have an account" in text(page)
        page.open(link)
        fill(page, name="kim", password=PASSWORD)
        press(page, "main form button")
        page.open(f"{url}/products/forge")
        assert "no small groups" in text(page)
        assert "Newest items" not in text(page)
        page.picture(OUTPUT / "product-viewer-desktop-light.png")
        page.open(f"{url}/people")
        assert "not for your role" in text(page)
        refused = "the server responded with a status of 403"
        assert [c for c in page.complaints if refused not in c] == []
    page_of_log = access.records.changes()
    assert [row["what"] for row in page_of_log[:2]] == ["password set by a link", "token made"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SIZES)
@pytest.mark.parametrize("path", ["/account", "/people", "/records", "/records?log=changes"])
def test_the_pages_fit_and_name_their_fields(browser, url, access, path, screen, scheme):
    for name, role in (("robin", Role.ADMIN), ("kim.with-a-rather-long-name", Role.ANALYST)):
        access.register.accept(access.register.invite(role, raw=True), name, PASSWORD)
    reader = access.register.by_session(access.register.begin_session("robin").secret)
    for _ in range(3):
        access.records.raw_read(reader, "active_instances by country, version", "forge")
        access.records.change(reader, "settings changed", "forge", smallest_group=20)
    access.register.make_token("robin", "nightly <i>figures</i>", reader.rights, 90)
    with opened(browser, *SIZES[screen], scheme) as page:
        page.open(f"{url}/enter")
        fill(page, name="robin", password=PASSWORD)
        press(page, "main form button")
        page.open(url + path)
        name = path.strip("/").replace("?log=", "-")
        page.picture(OUTPUT / f"{name}-{screen}-{scheme}.png")
        assert page.complaints == []
        assert page.value("document.documentElement.scrollWidth") <= SIZES[screen][0]
        unnamed = page.value(
            "[...document.querySelectorAll('input:not([type=hidden]), select, button')].filter("
            "e => !(e.labels?.length || e.getAttribute('aria-label') || e.innerText || e.hidden)"
            ").map(e => e.outerHTML)"
        )
        assert unnamed == []
        page.value("fetch('/account').then(r => r.text()); 1")
    assert timedelta(days=89) < access.register.tokens()[0].until - access.register._clock()

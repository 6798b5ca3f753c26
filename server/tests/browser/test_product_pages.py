"""Every page of a product in a real Chromium: complete, accessible, small, asking nobody else."""

from pathlib import Path

import pytest
from chromium import opened
from serving import served

from glasshouse.console.app import access_in_memory, console_app
from glasshouse.console.pages.arrangements import ARRANGEMENTS
from glasshouse.people import Role

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ROOT = Path(__file__).parents[3]
OUTPUT = ROOT / "test-output"
AXE = ROOT / "sdk" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
SCREENS = {"desktop": (1280, 860, "light"), "phone": (390, 844, "dark")}
QUERIES = {
    "versions": "?compare=previous&where=country=DE",
    "organization": "?id=org-01",
    "instance": "?id=instance-0776",
    "advisories": "?affected=%3E%3D2.0.0,%3C2.1.0&disclosed=2026-10-20",
    "features": "?field=event.command_finished.command&compare=previous",
    "fleet": "?field=snapshot.host.system&across=version",
}
NAMES = [*ARRANGEMENTS, "live", "dictionary", "disclosure"]
MOST_BYTES = 150_000


def path_of(name):
    return f"/products/forge/{name}".rstrip("/") + QUERIES.get(name, "")


def faults(page):
    """What axe finds in the whole page by all of its rules, with its tables open."""
    page.value("document.querySelectorAll('main details').forEach(d => { d.open = true }); 1")
    page.value(f"{AXE.read_text()}; 1")
    found = page.value(
        "axe.run(document).then(r => ({faults: r.violations.map(v => "
        "[v.id, v.impact, v.nodes[0].html.slice(0, 200)]), rules: r.passes.length}))"
    )
    assert found["rules"] > 10
    return found["faults"]


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_whole_and_accessible(browser, great_console, name, screen):
    width, height, scheme = SCREENS[screen]
    with opened(browser, width, height, scheme) as page:
        page.open(great_console + path_of(name))
        page.picture(OUTPUT / f"great-{name or 'overview'}-{screen}-{scheme}.png")
        assert page.complaints == []
        assert [url for url in page.requests if not url.startswith(great_console + "/")] == []
        assert page.value("document.documentElement.scrollWidth") <= width
        assert page.value("document.querySelectorAll('main h1').length") == 1
        assert page.value("document.querySelectorAll('main .wrong').length") == 0
        if name in ARRANGEMENTS:
            empty = page.value("document.querySelectorAll('figure.card .empty').length")
            shown = page.value("document.querySelectorAll('figure.card tbody tr').length")
            assert shown > 0
            assert empty <= (name == "organization")  # nothing to recommend is an answer
        assert faults(page) == []
        assert page.transferred() < MOST_BYTES


def test_axe_would_find_something(browser, great_console):
    with opened(browser, 1280, 860, "light") as page:
        page.open(f"{great_console}/products/forge/versions")
        page.value("document.querySelector('select').removeAttribute('aria-label'); 1")
        page.value("document.querySelector('.arrow').removeAttribute('aria-label'); 1")
        page.value("document.querySelector('main').append(new Image()); 1")
        found = [name for name, _, _ in faults(page)]
        assert {"select-name", "image-alt"} <= set(found)


def test_every_chart_has_its_table(browser, great_console):
    with opened(browser, 1280, 860, "light") as page:
        for name in ARRANGEMENTS:
            page.open(great_console + path_of(name))
            charts = page.value("document.querySelectorAll('svg.chart.broad').length")
            tables = page.value(
                "[...document.querySelectorAll('svg.chart.broad')].filter(c => c.closest('figure')"
                ".querySelector('details table tbody tr')).length"
            )
            assert charts == tables, name


def test_without_script_a_page_says_the_same(browser, great_console):
    with opened(browser, 1280, 860, "light") as page:
        for name in ("versions", "advisories", "funnels"):
            page.open(great_console + path_of(name), script=False)
            assert page.complaints == []
            page.picture(OUTPUT / f"no-script-{name}.png")


@pytest.fixture
def viewer_console(great):
    """A console that a viewer is logged in to, by a cookie of the browser."""
    access = access_in_memory("machine")
    access.register.accept(
        access.register.invite(Role.VIEWER, raw=False), "kim", "a long enough password"
    )
    with served(console_app(great.insight, access)) as url:
        yield url


def test_a_viewer_sees_withheld_as_withheld_and_no_way_that_is_closed(browser, viewer_console):
    with opened(browser, 1280, 860, "light") as page:
        page.open(f"{viewer_console}/enter")
        for name, value in (("name", "kim"), ("password", "a long enough password")):
            page.value(f"document.querySelector('[name={name}]').value = {value!r}; 1")
        page.follow("main form button")
        page.open(f"{viewer_console}/products/forge/versions?by=day&period=90d")
        page.picture(OUTPUT / "viewer-versions.png")
        menu = page.value(
            "[...document.querySelectorAll('.menu a')].map(a => new URL(a.href).pathname)"
        )
        assert not [path for path in menu if path.endswith(("/live", "/instances"))]
        for path in menu:
            assert page.value(f"fetch({path!r}).then(r => r.status)") == 200, path
        assert "withheld" in page.value("document.querySelector('figure table').textContent")
        assert page.value("document.querySelectorAll('.legend .cwithheld').length") == 1
        page.open(f"{viewer_console}/products/forge?where=version=2.1.0&period=90d")
        page.picture(OUTPUT / "viewer-overview.png")
        assert page.value("document.querySelectorAll('svg.broad rect.withheld').length") > 0
        page.open(f"{viewer_console}/products/forge/organizations")
        text = page.value("document.querySelector('main').innerText")
        assert "without raw access" in text
        assert page.complaints == []


def test_an_organization_prints_as_a_document(browser, great_console):
    with opened(browser, 1280, 860, "dark") as page:
        page.open(great_console + path_of("organization"))
        printed = page.pdf(OUTPUT / "organization.pdf")
        assert printed.startswith(b"%PDF")
        assert 2 <= printed.count(b"/Type /Page\n") <= 5
        page._call(
            "Emulation.setEmulatedMedia",
            media="print",
            features=[{"name": "prefers-color-scheme", "value": "dark"}],
        )
        hidden = "getComputedStyle(document.querySelector('{}')).display === 'none'"
        for selector in (".menu", ".top", ".controls", ".exports", "button.print", ".asking"):
            assert page.value(hidden.format(selector)), selector
        assert page.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"

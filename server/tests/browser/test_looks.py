"""Every page in a real browser: nothing fails, nothing is asked of anybody else, nothing overflows.

The pictures go to test-output/ and are meant to be looked at.
"""

from pathlib import Path

import pytest
from chromium import opened

# One worker runs them all: one Chromium is enough.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

OUTPUT = Path(__file__).parents[3] / "test-output"
PAGES = {
    "products": "/",
    "product": "/products/forge",
    "simulated": "/products/forge?origin=simulated&period=12m",
    "missing": "/nowhere",
    "enter": "/enter",
}
SCREENS = {"desktop": (1280, 860), "phone": (390, 844)}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_in_a_browser(browser, console, name, screen, scheme):
    with opened(browser, *SCREENS[screen], scheme) as page:
        page.open(console + PAGES[name])
        page.picture(OUTPUT / f"{name}-{screen}-{scheme}.png")
        # The page of a missing address is itself a 404, which the console notes.
        complaints = [text for text in page.complaints if "404" not in text or name != "missing"]
        assert complaints == []
        assert [url for url in page.requests if not url.startswith(console + "/")] == []
        assert page.value("document.documentElement.scrollWidth") <= SCREENS[screen][0]
        ground = page.value("getComputedStyle(document.body).backgroundColor")
        assert ground == {"light": "rgb(244, 246, 245)", "dark": "rgb(14, 20, 18)"}[scheme]


def test_first_use_in_a_browser(browser, empty_console):
    for screen, size in SCREENS.items():
        with opened(browser, *size, "light") as page:
            for name, path in (("empty", "/"), ("empty-product", "/products/forge")):
                page.open(empty_console + path)
                page.picture(OUTPUT / f"{name}-{screen}-light.png")
            assert page.complaints == []


def test_the_theme_button_is_remembered(browser, console):
    with opened(browser, 1280, 860, "light") as page:
        page.open(f"{console}/")
        page.value("document.querySelector('.theme').click()")
        page.open(f"{console}/products/forge")
        assert page.value("getComputedStyle(document.body).backgroundColor") == "rgb(14, 20, 18)"
        assert page.value("document.cookie") == ""
        page.value("localStorage.clear()")


def test_a_pointer_reads_the_values(browser, console):
    with opened(browser, 1280, 1400, "light") as page:
        page.open(f"{console}/products/forge")
        for number in (0, 1):
            where = page.value(
                f"(s => {{ const r = s[s.length - 9].getBoundingClientRect(); "
                f"return [r.x + r.width / 2, r.y + 60]; }})(document"
                f".querySelectorAll('svg.chart.broad')[{number}].querySelectorAll('.slot rect'))"
            )
            page.move(*where)
            text = page.value("document.querySelector('.tip:not([hidden])')?.textContent ?? ''")
            assert "Nov 2026" in text
        page.picture(OUTPUT / "hover-desktop-light.png")
        assert "%" in text
        assert page.complaints == []


def test_without_script_everything_is_there(browser, console):
    with opened(browser, 1280, 860, "light") as page:
        page.open(f"{console}/products/forge?by=week", script=False)
        page.picture(OUTPUT / "no-script.png")
        assert page.complaints == []
        assert not any("undefined" in url for url in page.requests)


def test_the_keyboard_reaches_the_content_first(browser, console):
    with opened(browser, 1280, 860, "light") as page:
        page.open(f"{console}/products/forge")
        page.value("document.querySelector('.skip').focus()")
        assert page.value("document.querySelector('.skip').getBoundingClientRect().top") >= 0
        outline = page.value(
            "(e => { e.focus({focusVisible: true}); return getComputedStyle(e).outlineStyle; })"
            "(document.querySelector('.choices a'))"
        )
        assert outline == "solid"

"""The banner: usable by everybody, both choices alike, remembered, opened again, read again."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

BANNER = "document.querySelector('glasshouse-banner')"
INSIDE = f"{BANNER}.shadowRoot"
AXE = "/axe.js"


@pytest.fixture
def page(tab, asking_site, axe):
    """A page with the banner open, and axe in it."""
    asking_site.files[AXE] = axe
    asking_site.pages["/"] = (
        '<h1>Console</h1><p><a id="first" href="#x">A link</a></p><button id="again" '
        'data-glasshouse-consent>Privacy</button><script src="/axe.js" defer></script>'
    )
    tab.open(f"{asking_site.url}/")
    tab.wait(BANNER)
    return tab


def button(name):
    return f"{INSIDE}.querySelector('button.{name}')"


def faults(tab):
    """What axe finds in the whole page, open shadows included, by all of its rules."""
    found = tab.value(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', "
        "'best-practice']}).then(r => ({faults: r.violations.map(v => [v.id, v.help]), "
        "rules: r.passes.length}))"
    )
    assert found["rules"] > 10
    return found["faults"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page, scheme):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.call("Emulation.setEmulatedMedia", features=features)
    assert faults(page) == []
    page.click(button("all"))
    page.click("#again")
    assert page.value(f"{INSIDE}.querySelectorAll('button').length") == 3
    assert faults(page) == []
    page.size(320, 480)
    assert faults(page) == []
    assert page.value("document.documentElement.scrollWidth") <= 320


def test_axe_would_find_something(page):
    page.value(f"{button('all')}.setAttribute('aria-hidden', 'true')")
    page.value(f"{button('necessary')}.textContent = ''")
    assert "button-name" in [name for name, _ in faults(page)]


def test_both_choices_look_alike(page):
    looks = (
        "(b => { const s = getComputedStyle(b); return ['color', 'backgroundColor', 'border', "
        "'fontSize', 'fontWeight', 'padding', 'opacity', 'minWidth', 'height', 'width']"
        ".map(n => s[n]) })"
    )
    assert page.value(f"{looks}({button('all')})") == page.value(f"{looks}({button('necessary')})")
    place = "(b => b.getBoundingClientRect().top)"
    assert page.value(f"{place}({button('all')})") == page.value(f"{place}({button('necessary')})")


def test_the_keyboard_alone_chooses(page):
    focus = f"({BANNER} && {INSIDE}.activeElement || document.activeElement)"
    assert page.value("document.activeElement === document.body"), "the focus was taken"
    page.press("Tab")
    assert page.value(f"{focus}.className") == "all"
    assert page.value(f"getComputedStyle({focus}).outlineStyle") == "solid"
    page.press("Tab")
    assert page.value(f"{focus}.className") == "necessary"
    page.press("Enter")
    assert page.value(f"{BANNER} === null")
    assert page.value("glasshouse.receipt().choice") == "necessary"
    page.press("Tab")
    assert page.value("document.activeElement.id") == "first"
    page.press("Tab")
    page.press(" ")
    assert page.value(f"{focus}.tagName") == "SECTION", "who asks for it is taken there"
    page.press("Escape")
    assert page.value(f"{BANNER} === null")
    assert page.value("document.activeElement.id") == "again", "the focus goes back"
    assert page.value("glasshouse.receipt().choice") == "necessary"


def test_a_screen_reader_hears_what_it_is(page):
    tree = page.call("Accessibility.getFullAXTree")["nodes"]
    named = [(n["role"]["value"], n["name"]["value"]) for n in tree if n.get("name")]
    assert ("region", "How Sample Console is used") in named
    assert named.index(("region", "How Sample Console is used")) < named.index(("link", "A link"))
    buttons = [name for role, name in named if role == "button"]
    assert buttons == ["Accept All", "Necessary Only", "Privacy"]


def test_the_receipt_can_be_read(page):
    page.click(button("all"))
    receipt = page.value("glasshouse.receipt()")
    assert receipt["choice"] == "all"
    assert receipt["version"] == 1
    assert page.value(f"Math.abs(new Date('{receipt['time']}') - Date.now())") < 60_000
    page.click("#again")
    shown = page.value(f"{INSIDE}.textContent")
    assert "Accept All (version 1 of this text)" in shown
    assert page.value("new Date(glasshouse.receipt().time).toLocaleString('en')") in shown
    page.click(button("necessary"))
    assert page.value("glasshouse.receipt().choice") == "necessary"
    page.value("glasshouse.reopen()")
    assert "Necessary Only (version 1" in page.value(f"{INSIDE}.textContent")


@pytest.mark.parametrize(
    ("lang", "wanted", "words"),
    [
        ("de", "en-US", "Alles annehmen"),
        ("", "fr-CA", "Tout accepter"),
        ("xx", "yy", "Accept All"),
        ("ja", "en", "すべて許可"),
    ],
)
def test_it_speaks_the_pages_language(tab, asking_site, lang, wanted, words):
    asking_site.compiled["browser"]["banner"] = {"ja": {"all": "すべて許可"}}
    tab.call("Emulation.setUserAgentOverride", userAgent="Test", acceptLanguage=wanted)
    tab.before_pages(
        "new MutationObserver((_, o) => { if (document.documentElement) { document"
        f".documentElement.lang = '{lang}'; o.disconnect() }} }})"
        ".observe(document, {childList: true})"
    )
    tab.open(f"{asking_site.url}/")
    tab.wait(BANNER)
    assert tab.value(f"{button('all')}.textContent") == words


def test_variables_restyle_it(page):
    page.value(
        "(s => { s.replaceSync('glasshouse-banner { --glasshouse-button: rgb(1, 2, 3); "
        "--glasshouse-background: rgb(4, 5, 6) }'); "
        "document.adoptedStyleSheets = [s] })(new CSSStyleSheet())"
    )
    colour = "(e => getComputedStyle(e).backgroundColor)"
    assert page.value(f"{colour}({button('all')})") == "rgb(1, 2, 3)"
    assert page.value(f"{colour}({button('necessary')})") == "rgb(1, 2, 3)"
    assert page.value(f"{colour}({INSIDE}.querySelector('section'))") == "rgb(4, 5, 6)"


def test_a_strict_policy_finds_nothing_to_complain_of(page, asking_site):
    assert "unsafe-inline" not in asking_site.policy
    page.click(button("all"))
    page.click("#again")
    page.click(button("close"))
    asking_site.wait_for_items(1)
    assert page.complaints == []


def test_what_it_says_is_no_markup(tab, asking_site):
    asking_site.compiled["product"]["name"] = "<img src=x onerror=alert(1)>"
    tab.open(f"{asking_site.url}/")
    tab.wait(BANNER)
    assert tab.value(f"{INSIDE}.querySelectorAll('img').length") == 0
    assert "<img" in tab.value(f"{INSIDE}.querySelector('h2').textContent")

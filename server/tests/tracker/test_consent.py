"""Nothing leaves without consent where the product asks, nothing at all after a refusal."""

import json
import re
import time
from pathlib import Path

import pytest
from chromium import Browser
from tabs import Tab

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

GPC = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"
BANNER = "document.querySelector('glasshouse-banner')"
INSIDE = f"{BANNER}.shadowRoot"


def use(tab, site):
    """What a person does in a session: pages, clicks, actions, and the page hidden in the end."""
    site.pages["/"] = '<button data-glasshouse="run" id="run">Run</button>'
    for path in ("/", "/nodes", "/"):
        tab.open(site.url + path)
        tab.value("history.pushState({}, '', '/reports')")
        tab.value("history.back()")
    tab.click("#run")
    tab.value("glasshouse.record('setup_step', {step: 'started'})")
    tab.value("dispatchEvent(new Event('pagehide'))")


def button(name):
    return f"{INSIDE}.querySelector('button.{name}')"


def cookies(tab):
    return {c["name"]: c for c in tab.call("Network.getCookies")["cookies"]}


def test_before_the_choice_there_is_no_request(tab, asking_site):
    use(tab, asking_site)
    asking_site.quiet(2.5)
    assert asking_site.sent == []
    assert cookies(tab) == {}
    assert tab.value("Object.keys(localStorage).length + Object.keys(sessionStorage).length") == 0
    assert tab.complaints == []


def test_after_necessary_only_there_is_no_request(tab, asking_site):
    tab.open(f"{asking_site.url}/")
    tab.wait(BANNER)
    tab.click(button("necessary"))
    assert tab.value(f"{BANNER} === null")
    use(tab, asking_site)
    asking_site.quiet(2.5)
    assert asking_site.sent == []
    assert tab.value(f"{BANNER} === null"), "asked again"
    assert re.fullmatch(r"1\.\d{10}\.necessary", cookies(tab)["console_telemetry"]["value"])


def test_after_accept_all_the_page_is_counted_without_an_identifier(tab, asking_site):
    tab.open(f"{asking_site.url}/nodes")
    tab.wait(BANNER)
    tab.click(button("all"))
    asking_site.wait_for_items(1)
    body = json.loads(asking_site.sent[0].body)
    assert body["consent"] == 1
    assert "visitor" not in body
    cookie = cookies(tab)["console_telemetry"]
    assert re.fullmatch(r"1\.\d{10}\.all", cookie["value"])
    assert cookie["sameSite"] == "Lax"
    assert abs(cookie["expires"] - time.time() - 395 * 24 * 3600) < 100
    use(tab, asking_site)
    asking_site.wait_for_items(9)
    assert cookies(tab)["console_telemetry"]["expires"] == cookie["expires"], "prolonged"


def test_an_identifier_lives_from_consent_to_withdrawal(tab, asking_site):
    asking_site.compiled["browser"]["identifier"] = True
    tab.open(f"{asking_site.url}/nodes")
    tab.wait(BANNER)
    tab.click(button("all"))
    asking_site.wait_for_items(1)
    tab.open(f"{asking_site.url}/reports")
    asking_site.wait_for_items(2)
    visitors = {json.loads(request.body)["visitor"] for request in asking_site.sent}
    (visitor,) = visitors
    assert re.fullmatch("[0-9a-f]{32}", visitor)
    assert tab.value("glasshouse.receipt().identifier") == visitor
    tab.value("glasshouse.withdraw()")
    assert visitor not in cookies(tab)["console_telemetry"]["value"]
    tab.value("glasshouse.accept()")
    asking_site.wait_for_items(3)
    assert json.loads(asking_site.sent[-1].body)["visitor"] != visitor


def test_withdrawal_empties_the_queue_and_stops_what_is_under_way(tab, asking_site):
    tab.open(f"{asking_site.url}/")
    tab.value("glasshouse.accept()")
    asking_site.wait_for_items(1)
    tab.value("glasshouse.record('setup_step', {step: 'started'}); glasshouse.withdraw()")
    use(tab, asking_site)
    asking_site.quiet(2.5)
    assert len(asking_site.items) == 1
    assert tab.value("glasshouse.receipt().choice") == "necessary"


def test_what_failed_before_the_withdrawal_is_not_sent_after_it(tab, asking_site):
    tab.open(f"{asking_site.url}/")
    asking_site.status = 503
    tab.value("glasshouse.accept()")
    asking_site.wait_for_items(1)
    asking_site.quiet(0.5)  # the answer has come too
    tab.value("glasshouse.withdraw()")
    asking_site.status = 204
    tab.value("dispatchEvent(new Event('online'))")
    asking_site.quiet()
    assert len(asking_site.sent) == 1


def test_a_withdrawal_in_another_tab_holds_here(chromium, context, asking_site):
    here, there = Tab(chromium, context), Tab(chromium, context)
    here.open(f"{asking_site.url}/")
    here.value("glasshouse.accept()")
    asking_site.wait_for_items(1)
    there.open(f"{asking_site.url}/login")
    asking_site.wait_for_items(2)
    there.value("glasshouse.withdraw()")
    here.call("Page.bringToFront")
    here.value("history.pushState({}, '', '/reports')")
    here.value("glasshouse.record('setup_step', {step: 'finished'})")
    asking_site.quiet()
    assert len(asking_site.items) == 2
    here.close()
    there.close()


@pytest.mark.parametrize("value", ["", "nonsense", "1.2", "1.x.all", "all", "%00"])
def test_a_choice_that_cannot_be_read_is_a_refusal(tab, site, value):
    tab.call("Network.setCookie", name="console_telemetry", value=value, url=site.url)
    use(tab, site)
    site.quiet()
    assert site.sent == []


def test_a_refusal_counts_where_the_product_does_not_ask(tab, site):
    tab.open(f"{site.url}/")
    site.wait_for_items(1)
    tab.value("glasshouse.withdraw()")
    use(tab, site)
    site.quiet()
    assert len(site.items) == 1


def test_a_new_version_of_the_text_asks_again(tab, asking_site):
    tab.open(f"{asking_site.url}/")
    tab.value("glasshouse.accept()")
    asking_site.wait_for_items(1)
    asking_site.compiled["product"]["consent_version"] = 2
    tab.open(f"{asking_site.url}/nodes")
    tab.wait(BANNER)
    asking_site.quiet()
    assert len(asking_site.items) == 1
    tab.click(button("all"))
    asking_site.wait_for_items(2)
    assert json.loads(asking_site.sent[-1].body)["consent"] == 2


def test_global_privacy_control_is_an_off_switch(tab, site):
    tab.before_pages(GPC)
    use(tab, site)
    site.quiet(2.5)
    assert site.sent == []


def test_global_privacy_control_outweighs_a_consent_and_asks_nothing(tab, asking_site):
    tab.before_pages(GPC)
    tab.open(f"{asking_site.url}/")
    asking_site.quiet(0.5)
    assert tab.value(f"{BANNER} === null")
    tab.value("glasshouse.accept()")
    use(tab, asking_site)
    asking_site.quiet()
    assert asking_site.sent == []


def test_do_not_track_is_an_off_switch(tmp_path, site, asking_site):
    """The browser's own setting, not a script's."""
    preferences = tmp_path / "Default" / "Preferences"
    preferences.parent.mkdir()
    preferences.write_text(json.dumps({"enable_do_not_track": True}))
    browser = Browser(Path(tmp_path))
    try:
        tab = Tab(browser)
        for each in (site, asking_site):
            tab.open(f"{each.url}/")
            assert tab.value("navigator.doNotTrack") == "1"
            tab.value("glasshouse.accept()")
            use(tab, each)
            each.quiet()
            assert each.sent == []
            assert any(request.headers.get("dnt") == "1" for request in each.requests)
    finally:
        browser.close()

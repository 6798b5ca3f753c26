"""The same in a real Firefox: what is sent, what is not, and what arrives when a page closes."""

import json

import pytest
from firefox import Firefox, firefox

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(firefox() is None, reason="no Firefox here (Debian: firefox-esr)"),
]

CLOSES = 20


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    started = Firefox(tmp_path_factory.mktemp("firefox"))
    yield started
    started.close()


@pytest.fixture
def tab(running):
    running.new_tab()
    yield running
    running.call("WebDriver:DeleteAllCookies")  # a host's, whatever the port
    running.close_tab()


def fields(items, item="event.page_view"):
    return [each["fields"] for each in items if each["item"] == item]


def test_pages_clicks_and_actions(tab, site):
    site.pages["/nodes"] = '<button id="run" data-glasshouse="run">secret</button>'
    tab.open(f"{site.url}/nodes?q=secret#secret")
    tab.click("#run")
    tab.value("glasshouse.record('setup_step', {step: 'started', secret: 'secret'})")
    tab.value("history.pushState({}, '', '/nodes/secret')")
    items = site.wait_for_items(4)
    assert [each["route"] for each in fields(items)] == ["/nodes", "/nodes/:name"]
    assert 0 < fields(items)[0]["load_time"] < 60_000
    assert fields(items, "event.click") == [{"name": "run", "role": "button"}]
    assert fields(items, "event.setup_step") == [{"step": "started"}]
    assert "secret" not in "".join(request.text() for request in site.sent)
    assert "cookie" not in site.sent[0].headers
    assert tab.value("document.cookie") == ""


def test_the_banner_decides(tab, asking_site):
    banner = "document.querySelector('glasshouse-banner')"
    tab.open(f"{asking_site.url}/")
    assert tab.value(f"{banner} !== null")
    asking_site.quiet()
    assert asking_site.sent == []
    tab.value(f"{banner}.shadowRoot.querySelector('button.all').click()")
    asking_site.wait_for_items(1)
    assert json.loads(asking_site.sent[0].body)["consent"] == 1
    tab.value("glasshouse.withdraw()")
    tab.open(f"{asking_site.url}/nodes")
    assert tab.value(f"{banner} === null")
    tab.value("glasshouse.record('setup_step', {step: 'started'})")
    asking_site.quiet()
    assert len(asking_site.items) == 1


def test_the_last_event_before_a_page_closes_arrives(running, site):
    for _ in range(CLOSES):
        running.new_tab()
        running.open(f"{site.url}/")
        running.value("glasshouse.record('report_uploaded', {format: 'json'})")
        running.close_tab()
    site.wait(lambda s: len(fields(s.items, "event.report_uploaded")) >= CLOSES, 15)
    ids = {i["id"] for i in site.items if i["item"] == "event.report_uploaded"}
    print(f"\nclosed {CLOSES} pages, {len(ids)} last events arrived")
    assert len(ids) == CLOSES


@pytest.mark.parametrize(
    ("setting", "header"),
    [
        ("privacy.globalprivacycontrol.enabled", "sec-gpc"),
        ("privacy.donottrackheader.enabled", "dnt"),
    ],
)
def test_the_browsers_own_setting_is_an_off_switch(tmp_path, site, setting, header):
    browser = Firefox(tmp_path, **{setting: True})
    try:
        browser.open(f"{site.url}/")
        assert site.requests[-1].headers.get(header) == "1" or any(
            request.headers.get(header) == "1" for request in site.requests
        )
        browser.value("glasshouse.accept()")
        browser.value("glasshouse.record('setup_step', {step: 'started'})")
        browser.open(f"{site.url}/nodes")
        site.quiet()
        assert site.sent == []
    finally:
        browser.close()

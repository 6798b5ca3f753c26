"""What leaves a page: views, clicks and actions, each as declared, and nothing else."""

import json

import pytest

from glasshouse_sdk.browser import configuration, configured, tag

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def fields(items, item="event.page_view"):
    return [each["fields"] for each in items if each["item"] == item]


def test_a_page_view_is_its_route_and_what_is_declared(tab, site):
    tab.open(f"{site.url}/nodes/db1.example.com?token=secret#section")
    (item,) = site.wait_for_items(1)
    assert item["item"] == "event.page_view"
    assert len(item["id"]) == 32
    assert 0 <= item["ago"] < 20_000
    assert set(item) == {"id", "item", "fields", "ago"}
    load_time = item["fields"].pop("load_time")
    assert isinstance(load_time, int)
    assert 0 < load_time < 20_000
    assert item["fields"] == {
        "route": "/nodes/:name",
        "language": "en",
        "screen_width": 1280,
        "viewport_width": 1440,
    }
    (request,) = site.sent
    body = json.loads(request.body)
    assert body["product"] == "sample-console"
    assert body["manifest"] == site.compiled["digest"]
    assert body["version"] == "1.4.0"
    assert "visitor" not in body
    assert "consent" not in body
    assert "cookie" not in request.headers
    assert "referer" not in request.headers
    assert tab.complaints == []


def test_pages_after_another_and_a_narrow_route_before_a_wide_one(tab, site):
    for path in ("/", "/nodes", "/nodes/new", "/nodes/x/", "/docs/a/b", "/docs", "/nodes/x/y"):
        tab.open(site.url + path)
        site.quiet(0.1)
    items = site.wait_for_items(6)
    assert [each["route"] for each in fields(items)] == [
        "/", "/nodes", "/nodes/new", "/nodes/:name", "/docs/*", "/docs/*",
    ]  # fmt: skip
    assert len(site.quiet()) == 6  # /nodes/x/y is not declared


def test_a_single_page_application_is_followed(tab, site):
    tab.open(f"{site.url}/")
    site.wait_for_items(1)
    tab.value("history.pushState({}, '', '/nodes')")
    tab.value("history.pushState({}, '', '/nodes?page=2')")
    tab.value("history.replaceState({}, '', '/nodes?page=3#x')")
    tab.value("history.pushState({}, '', '/nodes/db1.example.com')")
    tab.value("history.pushState({}, '', '/nodes/db2.example.com')")
    tab.value("history.pushState({}, '', '/secret/plan')")
    tab.value("history.go(-1)")
    items = site.wait_for_items(5)
    assert [each["route"] for each in fields(items)] == [
        "/", "/nodes", "/nodes/:name", "/nodes/:name", "/nodes/:name",
    ]  # fmt: skip
    assert [("load_time" in each) for each in fields(items)] == [True] + [False] * 4
    assert len(site.quiet()) == 5


def test_the_page_still_gets_what_it_asks_of_the_history(tab, site):
    tab.open(f"{site.url}/")
    tab.value("history.pushState({kept: 1}, '', '/nodes')")
    assert tab.value("history.state.kept") == 1
    error = "(() => { try { history.pushState({}, '', 'http://other.example/') } "
    assert tab.value(error + "catch (e) { return e.name } })()") == "SecurityError"


def test_a_referrer_is_a_declared_host_or_nothing(tab, site):
    hosts = {
        "http://docs.example.com/a?q=secret": "docs.example.com",
        "http://intranet.customer.example/x": "other",
        f"{site.url}/nodes": None,
    }
    for number, (referrer, expected) in enumerate(hosts.items(), 1):
        tab.call("Page.navigate", url=f"{site.url}/", referrer=referrer)
        # Who leaves before the answer has come sends the same once more, under the same id.
        site.wait(lambda s, n=number: len({item["id"] for item in s.items}) == n)
        assert fields(site.items)[-1].get("referrer") == expected
    assert "customer" not in "".join(each.text() for each in site.sent)


@pytest.mark.parametrize(
    ("language", "expected"), [("de-CH", "de"), ("ja", "ja"), ("haw-US", "other")]
)
def test_a_language_is_a_declared_one(tab, site, language, expected):
    tab.call("Emulation.setUserAgentOverride", userAgent="Test", acceptLanguage=language)
    tab.open(f"{site.url}/")
    assert fields(site.wait_for_items(1))[0]["language"] == expected


CLICKS = """
<a href="#a" data-glasshouse="help"><b id="inside">secret text</b></a>
<button id="named" data-glasshouse="add-node" value="secret">secret text</button>
<button id="plain">secret text</button>
<button id="undeclared" data-glasshouse="secret-name">x</button>
<div id="link" role="link" tabindex="0">secret text</div>
<div id="menu" role="secret-role" tabindex="0">secret text</div>
<p id="text">secret text</p>
<input id="box" type="checkbox" name="secret" value="secret">
"""


def test_clicks_are_names_and_roles_never_texts_or_values(tab, site):
    site.pages["/"] = CLICKS
    tab.open(f"{site.url}/")
    for place in ("inside", "named", "plain", "undeclared", "link", "menu", "text", "box"):
        tab.click(f"#{place}")
    items = site.wait_for_items(6)
    assert fields(items, "event.click") == [
        {"name": "help", "role": "link"},
        {"name": "add-node", "role": "button"},
        {"role": "button"},
        {"role": "button"},
        {"role": "link"},
    ]
    assert len(site.quiet()) == 6
    assert "secret" not in "".join(each.text() for each in site.sent)


def test_actions_are_what_the_manifest_declares(tab, site):
    tab.open(f"{site.url}/")
    site.wait_for_items(1)
    for call in (
        "'report_uploaded', {format: 'json', shared: true, title: 'secret'}",
        "'report_uploaded', {format: 'secret', shared: 'secret'}",
        "'setup_step', {step: 'first-node', seconds: 312.5}",
        "'setup_step', {step: 'secret', seconds: -1}",
        "'undeclared', {secret: 1}",
        "'page_view', {route: '/nodes'}",
        "'__proto__', {}",
        "'report_uploaded'",
        "'report_uploaded', null",
        "'report_uploaded', {get format() { throw new Error('secret') }}",
        "Symbol('secret'), Symbol('secret')",
    ):
        assert tab.value(f"glasshouse.record({call})") is None
    items = site.wait_for_items(8)
    assert {"route": "/nodes"} in fields(items), "a view may be said by the page itself"
    # Each event is a request of its own, and those may overtake each other.
    assert sorted(fields(items, "event.report_uploaded"), key=str) == [
        {"format": "json", "shared": True},
        {"format": "other"},
        {},
        {},
    ]
    assert sorted(fields(items, "event.setup_step"), key=len) == [
        {"seconds": 0},
        {"step": "first-node", "seconds": 300},
    ]
    assert len(site.quiet()) == 8
    assert "secret" not in "".join(each.text() for each in site.sent)
    assert tab.complaints == []


def test_a_page_that_comes_back_from_the_cache_is_a_view(tab, site):
    # A page is kept only when nothing of the tools listens in it.
    tab.open(f"{site.url}/nodes")
    site.wait_for_items(1)
    tab.value("addEventListener('pageshow', e => window.kept = e.persisted)")
    tab.open(f"{site.url}/reports")
    site.wait_for_items(2)
    tab.back()
    items = site.wait_for_items(3)
    assert tab.value("window.kept") is True
    assert [each["route"] for each in fields(items)] == ["/nodes", "/reports", "/nodes"]
    assert "load_time" not in fields(items)[-1]


def test_a_prerendered_page_is_a_view_when_it_is_shown(tab, site):
    site.policy = site.policy.replace("script-src", "script-src 'inline-speculation-rules'")
    site.pages["/"] = (
        '<script type="speculationrules">{"prerender": [{"urls": ["/nodes"], '
        '"eagerness": "immediate"}]}</script><a id="next" href="/nodes">Nodes</a>'
    )
    tab.open(f"{site.url}/")
    site.wait(lambda s: any("prerender" in r.headers.get("sec-purpose", "") for r in s.requests))
    items = site.quiet(2.5)
    assert [each["route"] for each in fields(items)] == ["/"]
    tab.click("#next")
    items = site.wait_for_items(3)
    assert [each["route"] for each in fields(items)] == ["/", "/nodes"]


def test_loaded_twice_it_counts_once(tab, site):
    site.pages["/"] = '<script src="/glasshouse/tracker.js?again" defer></script>'
    tab.open(f"{site.url}/")
    site.wait_for_items(1)
    assert len(site.quiet()) == 1


def test_bundled_with_the_products_own_code_it_works_the_same(tab, site, tmp_path):
    """A bundle is strict code without a script element of the tracker's own."""
    facts = configuration(site.compiled, "/glasshouse/items")
    site.files["/bundle.js"] = configured("tracker.js", facts)
    site.files["/bundled"] = (
        b'<!doctype html><title>x</title><script type="module" src="/bundle.js"></script>'
    )
    tab.open(f"{site.url}/bundled")
    tab.value("glasshouse.record('setup_step', {step: 'started'})")
    (item,) = site.wait_for_items(1)
    assert item["item"] == "event.setup_step"
    assert tab.complaints == []


def test_a_page_runs_the_published_file_and_no_other(tab, site):
    """`integrity` of the tag: the bytes it names run, others do not."""
    content = configured("tracker.js", configuration(site.compiled, "/glasshouse/items"))
    page = f"<!doctype html><title>x</title>{tag('/file.js', content)}"
    site.files |= {"/nodes": page.encode(), "/file.js": content}
    tab.open(f"{site.url}/nodes")
    site.wait_for_items(1)
    site.files["/file.js"] = content + b" "
    tab.open(f"{site.url}/nodes")
    assert tab.value("typeof glasshouse") == "undefined"
    assert any("integrity" in complaint for complaint in tab.complaints)

"""The console in a real Chromium, with its relay, and a collector in a process of its own."""

import json
import re
import sys
from pathlib import Path

import httpx
import pytest
from pe_site import CONSOLE, MASTER, SPLIT, set_parameter
from pe_vendor import CONSOLE as PRODUCT
from pe_vendor import MANIFESTS

from glasshouse_sdk.manifest import read_manifest

TESTS = Path(__file__).parents[3] / "server" / "tests"
sys.path[:0] = [str(TESTS / "browser"), str(TESTS / "tracker")]

from chromium import Browser  # noqa: E402 (found by the path above)
from tabs import Tab  # noqa: E402 (found by the path above)

# The six kinds of user input, each with a name that is found again.
GROUP, RULE, PARAMETER = "Secretgroup", "secretrule = secretvalue", "secretparameter"
VARIABLE, USER = "secretvariable", "secretuser"
SECRETS = ("secret", "Secret", "canary", "example.com")


@pytest.fixture
def tab(tmp_path):
    browser = Browser(tmp_path / "chromium")
    opened = Tab(browser)
    opened.size(1440, 900)
    yield opened
    opened.close()
    browser.close()


def fill(tab, action, **values):
    """Type into a form and press its button; the next page may look the same."""
    form = f"form[action='{action}']" if action else "main form"
    tab.value("window.before = true")
    for name, value in values.items():
        tab.type(f"{form} [name='{name}']", value)
    tab.click(f"{form} button")
    tab.wait("!window.before && document.readyState === 'complete'")
    tab.browser.settle(0.2)


def follow(tab, name, heading):
    tab.value("window.before = true")
    tab.click(f"[data-glasshouse='{name}']")
    tab.wait("!window.before && document.readyState === 'complete'")
    assert tab.value("document.querySelector('h1').textContent") == heading
    tab.browser.settle(0.2)


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_pe17_to_pe25_a_visit_is_in_the_store_without_what_was_typed(vendor, site, tab):
    with site(pe_conf=SPLIT).console() as console:
        tab.open(console.url)
        follow(tab, "inventory", "Inventory")
        tab.open(f"{console.url}/nodes/{MASTER}")
        fill(tab, f"/nodes/{MASTER}/run")
        follow(tab, "classification", "Classification")
        fill(tab, "", name=GROUP)
        tab.open(f"{console.url}/classification/{GROUP}")
        base = f"/classification/{GROUP}"
        fill(tab, f"{base}/rules", rule=RULE)
        fill(tab, f"{base}/classes", **{"class": "c", "parameter": PARAMETER, "value": "secret"})
        fill(tab, f"{base}/variables", key=VARIABLE, value="secret")
        follow(tab, "access-control", "Access control")
        fill(tab, "", name=USER)
        tab.open("about:blank")
        vendor.pages(20)
    rows = vendor.pages(20)
    views = [row["fields"] for row in rows if row["event"] == "page_view"]
    assert {view["route"] for view in views} == {
        "/", "/nodes", "/nodes/:name", "/classification", "/classification/:group", "/users",
    }  # fmt: skip
    for view in views:
        assert (view["screen_width"], view["screen_height"]) == (1440, 900)
        assert (view["viewport_width"], view["viewport_height"]) == (1440, 900)
        assert view["language"] == "en"
        assert view["address"] == "127.0.0.0/24"
    assert sum(view["load_time"] is not None and view["load_time"] > 0 for view in views) > 5
    clicks = [(c["fields"]["name"], c["fields"]["role"]) for c in rows if c["event"] == "click"]
    assert clicks == [
        ("inventory", "link"), ("run-puppet", "button"), ("classification", "link"),
        ("add-group", "button"), ("add-rule", "button"), ("add-parameter", "button"),
        ("add-variable", "button"), ("access-control", "link"), ("add-user", "button"),
    ]  # fmt: skip
    assert len({row["instance"] for row in rows}) == 1
    told = json.dumps(rows)
    sent = [request.get("postData", "") for request in tab.requests
            if request["url"].endswith("/glasshouse/items")]  # fmt: skip
    assert len(sent) > 5
    for secret in SECRETS:
        assert secret not in told
        assert not any(secret in body for body in sent)
    assert tab.complaints == []
    shown = vendor.ask("page_views", PRODUCT)
    assert {row["page"] for row in shown} == {view["route"] for view in views}


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_pe42_pe44_pe46_the_steps_of_the_page_done_in_the_console(vendor, site, tab):
    """Classification, PE Infrastructure, Classes; then Run Puppet on master and console."""
    used = site(pe_conf=SPLIT)
    with used.console() as console, used.server("--every", "0.5") as server:
        assert server.said()["sent"] == "acknowledged"
        tab.open(console.url)
        follow(tab, "classification", "Classification")
        follow(tab, "group", "PE Infrastructure")
        assert "puppet_enterprise" in tab.value("document.querySelector('h3').textContent")
        fill(tab, "/classification/PE%20Infrastructure/classes", **{
            "class": "puppet_enterprise", "parameter": "send_analytics_data", "value": "false",
        })  # fmt: skip
        for certname, service in ((MASTER, "pe-puppetserver"), (CONSOLE, "pe-console-services")):
            follow(tab, "inventory", "Inventory")
            tab.open(f"{console.url}/nodes/{certname}")
            fill(tab, f"/nodes/{certname}/run")
            applied = tab.value("document.querySelector('#applied').textContent")
            assert applied == f"changed the settings of {service}; reloaded {service}"
        said = []
        while said[-1:] != ["off"]:
            said.append(server.said().get("sent"))
        tab.browser.settle(1.0)  # what the relay had taken before
        vendor.settle()
        stored = len(vendor.check_ins(1, used.license))
        received = vendor.books(PRODUCT, "browser")["received"]
        assert [server.said()["sent"] for _ in range(2)] == ["off", "off"]
        tab.open(f"{console.url}/users")
        fill(tab, "", name=USER)
        tab.open("about:blank")
        tab.browser.settle(1.0)
    vendor.settle()
    assert vendor.books(PRODUCT, "browser")["received"] == received > 0
    assert len(vendor.check_ins(1, used.license)) == stored


def item():
    fields = {"route": "/", "language": "en"}
    return {"id": "a" * 32, "item": "event.page_view", "ago": 5, "fields": fields}


def posted(console):
    with httpx.Client(base_url=console.url, trust_env=False) as client:
        script = client.get("/glasshouse/tracker.js").text
        body = json.dumps({"product": PRODUCT, "items": [item()]})
        status = client.post("/glasshouse/items", content=body).status_code
    return "Telemetry is off" in script, status


@pytest.mark.parametrize(("version", "needs_reload"), [("2016.5.1", True), ("2016.5.2", False)])
def test_pe47_pe48_the_console_too_is_reloaded_by_hand_on_2016_5_1(site, version, needs_reload):
    made = site(pe_conf=SPLIT, version=version)
    with made.console() as console:
        assert posted(console) == (False, 204)
        set_parameter(made)
        made.job_run(MASTER, CONSOLE)
        assert posted(console)[0] is not needs_reload
        made.reload("pe-console-services", CONSOLE)
        assert posted(console) == (True, 204)


def test_pe25_no_field_of_a_page_can_hold_what_somebody_typed():
    for declared in read_manifest(MANIFESTS[PRODUCT]).items.values():
        for field in declared.fields.values():
            assert field.type in ("enum", "integer", "duration", "address")
    never = read_manifest(MANIFESTS[PRODUCT]).product.never
    assert set(never) >= {
        "node names", "group names", "user names", "rules", "parameters", "variables",
    }  # fmt: skip


def test_bad_input_is_told(site):
    used = site()
    with used.console() as console, httpx.Client(base_url=console.url, trust_env=False) as client:
        assert client.get("/nodes/nobody").status_code == 404
        assert client.get("/classification/none").status_code == 404
        answer = client.post("/nodes/nobody/run")
        assert answer.status_code == 400
        assert re.search("expected one of", answer.text)
        client.post("/classification", content=b"name=" + b"x" * 200_000)
        assert "xxx" not in client.get("/classification").text
        client.post("/classification", data={"name": "<b>"})
        assert "&lt;b&gt;" in client.get("/classification").text

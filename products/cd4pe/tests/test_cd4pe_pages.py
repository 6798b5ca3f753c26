"""The pages of Continuous Delivery for PE in a real Chromium, with their relay."""

import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from bench.server import free_port
from cd4pe_container import LICENSE, PRODUCT, person

TESTS = Path(__file__).parents[3] / "server" / "tests"
sys.path[:0] = [str(TESTS / "browser"), str(TESTS / "tracker"), str(PRODUCT / "console")]

from console_visit import submit  # noqa: E402 (found by the path above)
from tabs import opened_tab  # noqa: E402 (found by the path above)

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
SET_UP = ("opened", "root_account", "storage", "license", "user_account", "finished")
INTEGRATION = ("opened", "server", "credentials", "configured")


@pytest.fixture
def tab():
    with opened_tab() as tab:
        yield tab


def arrive(tab, path, heading, **typed):
    submit(tab, path, **typed)
    assert tab.value("document.querySelector('h1').textContent") == heading


def set_up(tab, site):
    tab.open(f"{site}/")
    arrive(tab, "/setup/storage", "Choose where artifacts are stored", **person("canary-root"))
    arrive(tab, "/setup/license", "Add your license")
    arrive(tab, "/setup/user_account", "Create a user account", license=LICENSE)
    arrive(tab, "/", "Control repos", **person("canary-ann"))


def test_cd06_cd08_cd21_to_cd25_views_and_progress_arrive_as_funnels(vendor, container, tab):
    one, site = container(), f"http://127.0.0.1:{free_port()}"
    one.start({}, listen=site.removeprefix("http://"))
    set_up(tab, site)
    arrive(tab, "/control-repos/1", "canary-repo", name="canary-repo")
    for system, title in (("puppet_enterprise", "Puppet Enterprise"), ("gitlab", "GitLab")):
        address = f"/integrations/{system}"
        tab.open(f"{site}{address}")
        arrive(tab, address, title, server="canary-server.example")
        if system == "gitlab":
            break  # somebody leaves before the end
        arrive(tab, address, title, token="canary-token")
        arrive(tab, "/integrations", "Integrations")
    tab.open(f"{site}/modules")
    tab.open("about:blank")

    rows = vendor.steps(25)
    assert len({row["instance"] for row in rows}) == 1
    steps = {event: [r["fields"] for r in rows if r["event"] == event]
             for event in ("set_up", "pe_integration", "source_control_integration")}  # fmt: skip
    # What the last page says was done in one moment, so that its two have no order.
    assert steps["set_up"][:4] == [{"step": step} for step in SET_UP[:4]]
    assert {each["step"] for each in steps["set_up"][4:]} == set(SET_UP[4:])
    assert steps["pe_integration"] == [{"step": step} for step in INTEGRATION]
    assert [each["step"] for each in steps["source_control_integration"]] == ["opened", "server"]
    assert {each["system"] for each in steps["source_control_integration"]} == {"gitlab"}
    views = [row["fields"]["route"] for row in rows if row["event"] == "page_view"]
    assert views.count("/setup/:step") == 4
    assert set(views) == {
        "/setup/:step", "/", "/control-repos/:id", "/integrations/:system", "/integrations",
        "/modules",
    }  # fmt: skip
    assert "canary" not in json.dumps(rows)
    assert {urlsplit(request["url"]).netloc for request in tab.requests} - {""} == {
        urlsplit(site).netloc
    }, "no page talks to anybody else"
    assert tab.complaints == []

    def funnel(item, steps):
        words = ",".join(f"{item}.step={step}" for step in steps)
        found = vendor.ask("funnel", product="cd4pe-console", steps=words, period="7d")
        return [row["instances"] for row in found]

    assert funnel("set_up", SET_UP) == [1] * 6
    assert funnel("pe_integration", INTEGRATION) == [1] * 4
    assert funnel("source_control_integration", INTEGRATION) == [1, 1, 0, 0]
    viewed = vendor.ask("page_views", product="cd4pe-console", period="7d")
    assert {row["page"]: row["items"] for row in viewed}["/setup/:step"] == 4


def test_one_browser_can_be_left_out_and_an_opted_out_installation_sends_nothing(
    vendor, container, tab
):
    one, port = container(), free_port()
    site = f"http://127.0.0.1:{port}"
    one.start({}, listen=f"127.0.0.1:{port}").wait_for_reports(1)
    tab.open(f"{site}/analytics")
    tab.browser.settle(0.5)
    before = vendor.received()
    assert before[1] > 0
    tab.click("#withdraw")
    tab.wait("!document.querySelector('#withdrawn').hidden")
    set_up(tab, site)
    posted = [r["url"] for r in tab.requests if r["url"].endswith("/glasshouse/items")]
    assert len(posted) == 1
    one.stop()
    one.start({"ANALYTICS": "false"}, listen=f"127.0.0.1:{port}")
    tab.value("document.cookie = 'cd4pe_analytics=;path=/;max-age=0'")
    # A script that the browser has kept may still post to its own site, which passes nothing on.
    tab.open(f"{site}/login")
    tab.open(f"{site}/analytics")
    assert "is off" in tab.value("document.querySelector('main').textContent")
    tab.browser.settle(0.5)
    assert vendor.received() == before

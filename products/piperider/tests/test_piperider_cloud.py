"""PipeRider Cloud in a real Chromium, with its relay, and a collector in a process of its own."""

import json
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
import uvicorn

from glasshouse_sdk.manifest import disclosure, read_manifest

CLOUD = Path(__file__).parents[1] / "cloud"
TESTS = Path(__file__).parents[3] / "server" / "tests"
sys.path[:0] = [str(CLOUD), str(TESTS / "browser"), str(TESTS / "tracker")]

from chromium import Browser  # noqa: E402 (found by the path above)
from cloud_app import MANIFEST, application  # noqa: E402 (found by the path above)
from cloud_visit import BANNER, choose, fill, log_in, submit, upload  # noqa: E402 (found by the path above)
from tabs import Tab  # noqa: E402 (found by the path above)

RUN = json.dumps(
    {
        "source": "duckdb",
        "tables": [{"name": "orders", "rows": 3, "columns": [{"name": "customer", "nulls": 1}]}],
        "assertions": [{"name": "some", "passed": True}],
    }
)


class Collector:
    def __init__(self, data, url, server):
        self.data, self.url, self._server = data, url, server

    def received(self):
        books = self._server.call("GET", "/health/accounting")["products"]
        return books.get("piperider-cloud", {}).get("browser", {}).get("received", 0)

    def rows(self, least):
        sql = """select event, instance, fields from events
            where product = 'piperider-cloud' order by "at" """
        end = time.monotonic() + 40
        while time.monotonic() < end:
            rows = self._server.call("POST", "/api/v1/sql", json={"sql": sql})["rows"]
            if len(rows) >= least:
                return [{**row, "fields": json.loads(row["fields"])} for row in rows]
            time.sleep(0.2)
        raise AssertionError(f"{rows}, and not {least} after 40 s")


@pytest.fixture
def collector(tmp_path, fresh_server):
    fresh_server.add_product(MANIFEST.read_bytes())
    return Collector(tmp_path / "data", fresh_server.url, fresh_server)


@pytest.fixture
def site(collector, tmp_path):
    """The address of the website."""
    environment = {"XDG_STATE_HOME": str(tmp_path / "state")}
    app = application(collector.url, {"ann": "correct horse"}, environment)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


@pytest.fixture
def tab(tmp_path):
    browser = Browser(tmp_path / "chromium")
    opened = Tab(browser)
    yield opened
    opened.close()
    browser.close()


def telemetry_requests(tab):
    return [r for r in tab.requests if r["url"].endswith("/glasshouse/items")]


def test_pr35_the_disclosure_page_is_the_one_made_from_the_manifest():
    page = (CLOUD / "DISCLOSURE.md").read_text()
    assert page == disclosure(read_manifest(MANIFEST))
    assert "Accept All" in page
    assert "Necessary Only" in page


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_pr30_to_pr32_pr36_to_pr46_a_visit_after_accept_all_is_in_the_store(site, collector, tab):
    tab.open(f"{site}/login")
    tab.wait(BANNER)
    labels = tab.value(
        f"[...{BANNER}.shadowRoot.querySelectorAll('button')].map(b => b.textContent)"
    )
    assert labels == ["Accept All", "Necessary Only"]
    assert tab.value(f"{BANNER}.shadowRoot.querySelector('h2').textContent") == "Cookies"
    tab.browser.settle(1.0)
    assert telemetry_requests(tab) == []
    choose(tab, "all")
    log_in(tab, "ann", "correct horse")
    for title in ("first", "second"):
        upload(tab, title, RUN)
        tab.open(f"{site}/")
    tab.open(f"{site}/reports/1")
    submit(tab, "/reports/1/share", "first")
    tab.open(f"{site}/compare")
    submit(tab, "", "Compare")
    tab.open(f"{site}/trend?metric=rows")
    tab.open(f"{site}/profile")
    fill(tab, "shown", "Ann of Example")
    submit(tab, "/profile", "Profile")
    tab.open(f"{site}/feedback")
    fill(tab, "text", "private words")
    submit(tab, "/feedback", "Reports")
    submit(tab, "/logout", "Log in")
    tab.open("about:blank")
    rows = collector.rows(27)
    actions = [row["fields"]["action"] for row in rows if row["event"] == "action"]
    assert actions == [
        "log_in", "upload_report", "upload_report", "share_report", "compare_reports",
        "update_profile", "open_feedback", "submit_feedback", "log_out",
    ]  # fmt: skip
    assert [r["fields"] for r in rows if r["event"] == "comparison"] == [
        {"base": "duckdb", "target": "duckdb"}
    ]
    assert [r["fields"] for r in rows if r["event"] == "trend_metric"] == [{"metric": "rows"}]
    routes = {row["fields"]["route"] for row in rows if row["event"] == "page_view"}
    assert routes == {
        "/login", "/", "/reports/:id", "/compare", "/trend", "/profile", "/feedback",
    }  # fmt: skip
    assert len({row["instance"] for row in rows}) == 1
    for private in ("ann", "Ann", "private", "first", "customer"):
        assert private not in json.dumps([row["fields"] for row in rows])
    assert tab.complaints == []


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize("choice", ["none", "necessary"])
def test_pr33_pr34_without_accept_all_the_login_works_and_nothing_is_sent(
    site, collector, tab, choice
):
    tab.open(f"{site}/login")
    if choice == "necessary":
        choose(tab, choice)
    log_in(tab, "ann", "correct horse")
    tab.open(f"{site}/trend?metric=rows")
    tab.open(f"{site}/feedback")
    tab.open(f"{site}/")
    assert tab.value("document.querySelector('h1').textContent") == "Reports", "still logged in"
    submit(tab, "/logout", "Log in")
    tab.open("about:blank")
    tab.browser.settle(1.0)
    assert telemetry_requests(tab) == []
    assert collector.received() == 0


def test_pr33_the_session_is_remembered_by_one_cookie_whatever_was_chosen(site):
    with httpx.Client(base_url=site, follow_redirects=True, trust_env=False) as client:
        client.post("/login", data={"name": "ann", "password": "correct horse"})
        assert list(client.cookies) == ["piperider_session"]
        again = {"piperider_session": client.cookies["piperider_session"]}
    with httpx.Client(base_url=site, cookies=again, trust_env=False) as client:
        assert client.get("/").status_code == 200


def test_pr47_every_page_leads_to_the_privacy_policy_and_the_terms(site):
    with httpx.Client(base_url=site, follow_redirects=True, trust_env=False) as client:
        client.post("/login", data={"name": "ann", "password": "correct horse"})
        for path in ("/", "/compare", "/trend", "/profile", "/feedback", "/reports/9"):
            text = client.get(path).text
            assert ">Privacy Policy</a>" in text
            assert ">Terms of Use</a>" in text


def test_bad_input_is_told(site):
    with httpx.Client(base_url=site, trust_env=False) as client:
        assert client.post("/login", data={"name": "ann", "password": "x"}).status_code == 403
        client.post("/login", data={"name": "ann", "password": "correct horse"})
        for text in ("", "{}", "[]", '{"tables": [{"rows": "x", "columns": []}]}'):
            answer = client.post("/reports", data={"run": text})
            assert answer.status_code == 400
            assert "expected the run.json" in answer.text
        assert client.get("/reports/7").status_code == 404
        assert client.get("/shared/none").status_code == 404


def test_pr02_the_opt_outs_of_cli_and_cloud_do_not_know_each_other():
    cli, cloud = read_manifest(CLOUD.parent / "manifest.toml"), read_manifest(MANIFEST)
    assert cli.product.slug != cloud.product.slug
    assert {switch.name for switch in cli.switches}.isdisjoint(
        switch.name for switch in cloud.switches
    )
    assert {switch.file for switch in cloud.switches} == {None}

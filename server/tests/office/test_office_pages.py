"""Settings, alerts and the privacy desk in the console: what is done is on record, and once."""

import json
import re

import pytest
from filling_in import CANARY, fill_in, word_of

from glasshouse.console.markdown import rendered

SETTINGS = "/products/forge/settings"
PAYLOAD = "<script>alert(1)</script>\"'>{{ 7*7 }}"


# Settings.


def test_each_form_changes_what_it_names_and_is_on_record(house, robin):
    fill_in(robin, SETTINGS, "groups", smallest_group="15", smallest_organizations="6")
    fill_in(robin, SETTINGS, "rates", rate="100", instance_rate="")
    fill_in(robin, SETTINGS, "collection", allow="snapshot.host")
    fill_in(robin, SETTINGS, "release", version="3.0", link="https://example.com", message="new")
    settings = house.installation.catalogue.product("forge").settings
    assert (settings.smallest_group, settings.smallest_organizations) == (15, 6)
    assert (settings.rate, settings.instance_rate, settings.allow) == (
        100,
        None,
        ("snapshot.host",),
    )
    assert settings.release.version == "3.0"
    assert not settings.ended
    changes = house.records.changes(limit=4)
    assert {row["what"] for row in changes} == {"settings changed"}
    assert {row["who"] for row in changes} == {"robin"}
    assert changes[-1]["detail"] == {"smallest_group": 15, "smallest_organizations": 6}
    page = robin.get(SETTINGS).text
    for text in ("gh_", 'value="15"', "snapshot.host", "25 months"):
        assert text in page or text == "25 months"
    fill_in(robin, SETTINGS, "groups", smallest_group="10", smallest_organizations="5")
    fill_in(robin, SETTINGS, "rates", rate="", instance_rate="")
    fill_in(robin, SETTINGS, "collection", allow="")
    fill_in(robin, SETTINGS, "release", version="")
    assert house.installation.catalogue.product("forge").settings.release is None


@pytest.mark.parametrize(
    ("act", "fields"),
    [("groups", {"smallest_group": "1", "smallest_organizations": "5"}),
     ("groups", {"smallest_group": "x", "smallest_organizations": "5"}),
     ("groups", {}), ("rates", {"rate": "fast"}), ("rates", {"rate": "-1"}),
     ("collection", {"allow": "event.nope"}), ("put", {"version": "1", "day": "x"}),
     ("put", {"version": "", "day": "2026-01-01"}), ("nothing", {}), ("", {})],
)  # fmt: skip
def test_what_cannot_be_changes_nothing_and_is_said(house, robin, act, fields):
    before = house.installation.catalogue.product("forge").settings
    changes = len(house.records.changes(limit=500))
    answer = fill_in(robin, SETTINGS, act, **fields)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert house.installation.catalogue.product("forge").settings == before
    assert len(house.records.changes(limit=500)) == changes


def test_releases_are_set_down_and_stand_in_answers(house, robin):
    day = str(house.installation.insight.now().date())
    fill_in(robin, SETTINGS, "put", version="2.1.0", day=day, note=PAYLOAD)
    page = robin.get(SETTINGS).text
    assert "&lt;script&gt;" in page
    chart = robin.get("/products/forge?period=30d").text
    assert "Released in this period:" in chart
    assert "<b>2.1.0</b>" in chart
    assert '<line class="release"' in chart
    assert "<script>alert" not in chart
    secret, _ = house.people.make_token("robin", "t", ["see", "raw"], 1)
    headers = {"authorization": f"Bearer {secret}"}
    path = "/api/v1/ask/active_instances?product=forge&by=day&period=30d"
    answer = robin.get(path, headers=headers).json()
    assert answer["releases"] == [{"version": "2.1.0", "day": day, "note": PAYLOAD}]
    earlier = f"{path.replace('&period=30d', '')}&from=2026-01-01&to=2026-01-05"
    assert robin.get(earlier, headers=headers).json()["releases"] == []
    fill_in(robin, SETTINGS, "remove", version="2.1.0")
    assert robin.get(path, headers=headers).json()["releases"] == []
    assert fill_in(robin, SETTINGS, "remove", version="2.1.0").status_code == 422


def test_an_act_that_fails_is_on_record_as_failed(house, robin, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("glasshouse.catalogue.files.write_whole", full)
    fields = {"smallest_group": "12", "smallest_organizations": "5"}
    assert fill_in(robin, SETTINGS, "groups", **fields).status_code == 500
    assert house.records.changes(limit=2)[0]["what"] == "settings changed: failed"
    assert house.records.changes(limit=2)[1]["what"] == "settings changed"
    assert house.installation.catalogue.product("forge").settings.smallest_group == 10


def test_a_product_that_is_not_there(robin):
    assert robin.get("/products/nope/settings").status_code == 404


# Alerts.


def test_from_an_advisory_to_its_alert_and_back(house, robin):
    saved = fill_in(robin, "/alerts", "save", product="forge", name="CVE-2026-7", title=PAYLOAD,
                    affected=">=2.0.0,<2.0.4", disclosed="2026-01-31", fix="Upgrade")  # fmt: skip
    assert saved.status_code == 200
    assert "&lt;script&gt;" in saved.text
    added = fill_in(robin, "/alerts", "add", about="forge:CVE-2026-7", way="webhook",
                    to="http://127.0.0.1:9/hook?secret=of-theirs", raw="on")  # fmt: skip
    assert "whsec_" in added.text
    page = robin.get("/alerts").text
    assert "whsec_" not in page
    assert "of-theirs" not in page
    assert "exact, of robin" in page
    (alert,) = house.office.alerts.all()
    tried = fill_in(robin, "/alerts", "try", id=alert.id)
    assert tried.status_code == 422
    assert "cannot be reached" in tried.text
    fill_in(robin, "/alerts", "remove-advisory", product="forge", name="CVE-2026-7")
    assert house.office.alerts.all() == [], "an alert goes with its advisory"
    whats = [row["what"] for row in house.records.changes(limit=3)]
    assert whats == ["advisory removed", "alert added", "advisory saved"]


def test_an_osv_record_is_an_advisory(house, robin):
    record = {"id": "GHSA-1", "published": "2026-02-03T00:00:00Z", "affected": [{"ranges": [
        {"type": "SEMVER", "events": [{"introduced": "2.0.0"}, {"fixed": "2.0.4"}]}]}]}  # fmt: skip
    fill_in(robin, "/alerts", "save", product="forge", name="GHSA-1", affected=json.dumps(record))
    saved = house.office.advisories.one("forge", "GHSA-1")
    assert saved.affected == ">=2.0.0,<2.0.4"
    assert str(saved.disclosed) == "2026-02-03"
    csv = "organization,name,contact\n" + f"{CANARY},=cmd(),it@example.com\n"
    done = fill_in(robin, "/alerts", "import", product="forge", csv=csv)
    assert "1 contact of Forge" in done.text
    page = robin.get("/alerts/forge/GHSA-1")
    assert "it@example.com" in page.text
    assert CANARY in page.text
    text = robin.get("/alerts/forge/GHSA-1?format=csv").text
    assert "'=cmd()" in text, "no cell of it can run as a formula"
    assert house.records.raw_reads()[0]["what"].startswith("advisory_organizations")
    assert CANARY not in str(house.records.raw_reads())
    with house.client("officer") as officer:
        assert officer.get("/alerts/forge/GHSA-1").status_code == 403
    house.office.advisories.remove("forge", "GHSA-1")


@pytest.mark.parametrize(
    "fields",
    [{"affected": ">"}, {"affected": "{"}, {"name": "a b"}, {"disclosed": "2999-01-01"},
     {"disclosed": "x"}, {"product": "nope"}, {"affected": "1\x1b[2J"}, {"title": "x" * 300}],
)  # fmt: skip
def test_a_wrong_advisory_is_not_saved(house, robin, fields):
    given = {"product": "forge", "name": "X", "affected": "<2", "disclosed": "2026-01-01", **fields}
    answer = fill_in(robin, "/alerts", "save", **given)
    assert answer.status_code == 422
    assert house.office.advisories.of("forge") == []


@pytest.mark.parametrize(
    ("csv", "said"),
    [("", "line 1"), ("a,b\n", "line 1"), ("organization,name,contact\nx,y\n", "line 2"),
     ("organization,name,contact\n,y,z\n", "line 2: organization"),
     ('organization,name,contact\n"x', "no CSV")],
)  # fmt: skip
def test_wrong_contacts_replace_nothing(house, robin, csv, said):
    house.installation.office.contacts.replace("forge", [])
    answer = fill_in(robin, "/alerts", "import", product="forge", csv=csv)
    assert answer.status_code == 422
    assert said.lower() in answer.text.lower()
    assert house.office.contacts.count("forge") == 0


@pytest.mark.parametrize(
    "fields",
    [{"to": "x"}, {"to": "a@b, c@d"}, {"to": "a@b\nBcc: c@d"}, {"to": "ftp://x", "way": "webhook"},
     {"to": "https://", "way": "webhook"}, {"about": "forge:nope"}, {"about": "nope:geography"},
     {"about": ""}],
)  # fmt: skip
def test_a_wrong_alert_is_not_added(house, robin, fields):
    given = {"about": "forge:geography", "way": "email", "to": "a@example.com", **fields}
    assert fill_in(robin, "/alerts", "add", **given).status_code == 422
    assert house.office.alerts.all() == []


# The privacy desk.


def test_the_steps_of_a_switch_are_read_as_they_are_written(house):
    """Manifests write them in Markdown: nobody shall read asterisks and fences."""
    with house.client("officer") as officer:
        assert "<p>Set FORGE_TELEMETRY_OFF=1.</p>" in officer.get("/privacy").text
    said = rendered("1. Select **Save**.\n\n```\na=<b>\n```\n")
    assert "<strong>Save</strong>" in said
    assert "<pre><code>a=&lt;b&gt;" in said


def test_an_officer_exports_and_erases_and_nothing_typed_is_kept(house, robin):
    from glasshouse.office import Contact

    house.office.contacts.replace("forge", [Contact(CANARY, "", ""), Contact("other", "", "")])
    with house.client("officer") as officer:
        whom = {"product": "forge", "kind": "organization", "identity": CANARY}
        exported = fill_in(officer, "/privacy", "export", **whom)
        lines = [json.loads(line) for line in exported.text.splitlines()]
        assert "attachment" in exported.headers["content-disposition"]
        assert lines[-1]["table"] == "-"
        assert CANARY in exported.text
        unsure = fill_in(officer, "/privacy", "erase", **whom, sure="")
        assert unsure.status_code == 422
        assert "nothing was erased" in unsure.text.lower()
        erased = fill_in(officer, "/privacy", "erase", **whom, sure="forge")
        assert erased.status_code == 200
        assert re.search(r"\d+ items of forge are gone", erased.text)
        assert "done" in officer.get("/privacy").text
        again = fill_in(officer, "/privacy", "export", **whom)
        assert CANARY not in again.text
    assert [c.organization for c in house.office.contacts.of("forge")] == ["other"]
    assert CANARY not in str(house.records.raw_reads(limit=500))
    assert CANARY not in str(house.records.changes(limit=500))
    assert house.records.changes()[0]["what"] == "erase"


@pytest.mark.parametrize(
    "fields", [{"product": "nope"}, {"kind": "nope"}, {"identity": ""}, {"product": ""}]
)
def test_a_wrong_request_is_said_on_the_page(house, fields):
    whom = {"product": "forge", "kind": "instance", "identity": "x", **fields}
    with house.client("officer") as officer:
        for act in ("export", "erase"):
            answer = fill_in(officer, "/privacy", act, **whom, sure=whom["product"])
            assert answer.status_code == 422
            assert "expected" in answer.text


@pytest.mark.parametrize("path", ["/alerts", "/privacy", "/shares", SETTINGS])
def test_a_form_of_another_site_does_nothing(house, path):
    with house.client("robin") as robin:
        word = word_of(robin.get(path).text)
        before = len(house.records.changes(limit=500))
        for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
            answer = robin.post(path, data={"act": "erase", "word": word}, headers=headers)
            assert answer.status_code == 403
        assert robin.post(path, data={"act": "erase", "word": "x"}).status_code == 403
        assert len(house.records.changes(limit=500)) == before

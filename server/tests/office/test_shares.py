"""Share links: one page with its state, for whoever holds one, and nothing else."""

import re
from datetime import timedelta

import pytest
from filling_in import fill_in

ADDRESS = "/products/forge?period=30d&field=snapshot.host.system"
LINK = re.compile(r"(/shared/[\w-]{43})<")


def make(client, **fields):
    answer = fill_in(client, "/shares", "make", **{"address": ADDRESS, "days": "7", **fields})
    assert answer.status_code == 200, answer.text
    return LINK.search(answer.text)[1]


def test_a_link_shows_one_page_suppressed_without_an_account_or_a_cookie(house, kim, nobody):
    link = make(kim, title="for the board")
    answer = nobody.get(link)
    assert answer.status_code == 200
    assert "Shared by kim until" in answer.text
    assert "Numbers in steps" in answer.text
    assert "Debian 12" in answer.text
    assert "Plan 9" not in answer.text
    assert "Newest items" not in answer.text
    assert '<span class="exports">' not in answer.text, "files that a stranger may not read"
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    words = {"product": ["forge"], "period": ["30d"], "field": ["snapshot.host.system"]}
    shown = house.installation.insight.ask_suppressed("field_distribution", words)
    assert f">{shown.column('instances')[0]}<" in answer.text
    for path in ("/", "/products/forge", ADDRESS, "/api/v1/ask/active_instances?product=forge"):
        assert nobody.get(path).status_code in (401, 403), "the link opens its page alone"
    other = nobody.get(f"{link}?period=12m&field=event.command_finished.command").text
    assert "command_finished.command" not in re.findall(r'aria-current="true">([^<]+)<', other)
    assert answer.text.count("Debian 12") == other.count("Debian 12"), "its state cannot be changed"


def test_sharing_is_offered_to_who_may_share(kim):
    assert 'href="/shares"' in kim.get("/products/forge").text


def test_an_exact_link_is_made_by_raw_access_alone_says_so_and_is_on_record(
    house, robin, kim, nobody
):
    before = len(house.records.raw_reads())
    refused = fill_in(kim, "/shares", "make", address=ADDRESS, days="7", raw="on")
    assert refused.status_code == 422
    assert "without raw access" in refused.text
    link = make(robin, raw="on")
    answer = nobody.get(link)
    assert "Exact numbers." in answer.text
    assert "Plan 9" in answer.text
    assert len(house.records.raw_reads()) > before
    assert re.fullmatch(r"robin, link [0-9a-f]{12}", house.records.raw_reads()[0]["who"])


def test_a_link_of_who_has_raw_access_is_suppressed_unless_he_says_otherwise(robin, nobody):
    assert "Plan 9" not in nobody.get(make(robin)).text


def test_it_has_at_most_what_its_maker_has_now(house, robin, nobody):
    link = make(robin, raw="on")
    try:
        house.people.change("robin", raw=False)
        assert nobody.get(link).status_code == 404
    finally:
        house.people.change("robin", raw=True)
    assert nobody.get(link).status_code == 200


def test_it_is_listed_counted_and_taken_back(house, kim, nobody):
    link = make(kim, title="<b>nightly</b>")
    nobody.get(link)
    page = kim.get("/shares").text
    assert "&lt;b&gt;nightly" in page
    assert link.partition("/shared/")[2] not in page, "what it is cannot be read again"
    share = house.office.shares.all("kim")[-1]
    assert (share.opened, share.address) == (1, ADDRESS)
    fill_in(kim, "/shares", "remove", id=share.id)
    assert nobody.get(link).status_code == 404
    assert [row["what"] for row in house.records.changes()[:2]] == [
        "share link removed", "share link made",
    ]  # fmt: skip


def test_nobody_takes_back_anothers_and_an_administrator_does(house, robin, kim):
    make(robin)
    mine = house.office.shares.all("robin")[-1]
    refused = fill_in(kim, "/shares", "remove", id=mine.id)
    assert refused.status_code == 422
    assert mine.address not in [
        s.address for s in house.office.shares.all("kim") if s.id == mine.id
    ]
    make(kim)
    theirs = house.office.shares.all("kim")[-1]
    fill_in(robin, "/shares", "remove", id=theirs.id)
    assert theirs.id not in [s.id for s in house.office.shares.all()]


def test_it_ends_on_its_day(house, kim, nobody):
    link = make(kim, days="1")
    clock = house.office.shares._clock
    try:
        house.office.shares._clock = lambda: clock() + timedelta(days=1, minutes=1)
        assert nobody.get(link).status_code == 404
    finally:
        house.office.shares._clock = clock
    assert nobody.get(link).status_code == 200


def test_it_goes_with_its_maker(house, nobody):
    from glasshouse.people import Role

    house.people.add("guest", Role.ANALYST, raw=False)
    with house.client("guest") as guest:
        link = make(guest)
    assert nobody.get(link).status_code == 200
    house.people.remove("guest")
    assert nobody.get(link).status_code == 404


@pytest.mark.parametrize(
    "address",
    ["", "/", "/people", "/records", "/products/forge/live", "/products/forge/settings", "/shares",
     "/products/forge/../../people", "//evil.example/products/forge", "/products/%2e%2e/people",
     "/api/v1/ask/active_instances?product=forge", "/shared/x", "javascript:alert(1)",
     "/products/forge\r\nx: y", "/products/" + "x" * 3000, "/products/forge/dictionary/x"],
)  # fmt: skip
def test_only_a_products_page_can_be_shared(kim, nobody, address):
    answer = fill_in(kim, "/shares", "make", address=address, days="7")
    if answer.status_code == 200:  # of another host's address only path and query count
        assert "Forge" in nobody.get(LINK.search(answer.text)[1]).text
    else:
        assert answer.status_code == 422
        assert "expected" in answer.text


@pytest.mark.parametrize("days", ["0", "367", "x", "-1", "9" * 40])
def test_a_wrong_end_is_refused(kim, days):
    assert fill_in(kim, "/shares", "make", address=ADDRESS, days=days).status_code == 422


@pytest.mark.parametrize("secret", ["x", "é", "x" * 5000, "'; drop table shares"])
def test_made_up_links_lead_nowhere(nobody, secret):
    assert nobody.get(f"/shared/{secret}").status_code == 404


def test_the_page_that_led_here_is_proposed_and_no_other_sites(kim):
    own = {"referer": f"{kim.base_url}/products/forge?period=90d"}
    assert 'value="/products/forge?period=90d"' in kim.get("/shares", headers=own).text
    other = {"referer": "https://evil.example/products/forge"}
    assert "evil" not in kim.get("/shares", headers=other).text


def test_for_scripts(house, nobody):
    secret, _ = house.people.make_token("kim", "t", ["see", "own"], 1)
    headers = {"authorization": f"Bearer {secret}"}
    made = nobody.post("/api/v1/shares", headers=headers, json={"address": ADDRESS, "days": 3})
    assert nobody.get(made.json()["link"]).status_code == 200
    listed = nobody.get("/api/v1/shares", headers=headers).json()["shares"]
    assert made.json()["id"] in [share["id"] for share in listed]
    assert "hash" not in str(listed)
    gone = nobody.delete(f"/api/v1/shares/{made.json()['id']}", headers=headers)
    assert gone.json() == {"removed": made.json()["id"]}
    assert nobody.delete("/api/v1/shares/nothing", headers=headers).status_code == 404
    refused = nobody.post("/api/v1/shares", headers=headers, json={"address": "/people"})
    assert refused.status_code == 422

"""Who gets in, and who does not."""

import re

import pytest
from serving import browsing

from glasshouse.console.app import access_in_memory, console_app
from glasshouse.people import Role

TOKEN = "token-of-this-test"
PASSWORD = "a long enough password"
PAGES = ["/", "/products/forge", "/products/forge/dictionary", "/products/forge/disclosure"]
READS = ["/api/v1/questions", "/api/v1/ask/active_instances?product=forge"]


@pytest.fixture
def access():
    return access_in_memory(TOKEN)


@pytest.fixture
def client(world, access):
    with browsing(console_app(world.insight, access)) as client:
        yield client


def made(access, name, role, *, raw=False):
    """A person with PASSWORD."""
    access.register.accept(access.register.invite(role, raw=raw), name, PASSWORD)
    return name


def enter(client, name, password=PASSWORD):
    return client.post("/enter", data={"name": name, "password": password}, follow_redirects=False)


def word_of(text):
    return re.search(r'name="word" value="(\w+)"', text)[1]


@pytest.mark.parametrize("path", [*PAGES, "/products/nope", "/account", "/people", "/records"])
def test_a_page_for_a_stranger_is_the_way_in(closed, path):
    answer = closed.get(path)
    assert answer.status_code == 403
    assert "people who have an account" in answer.text
    assert "Forge" not in answer.text


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("token", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", "Bearer é"])
def test_the_api_for_a_stranger(closed, path, token):
    answer = closed.get(path, headers={"authorization": token.encode()})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "rows" not in answer.text


def test_the_token_of_the_machine_is_for_no_browser(closed):
    assert closed.get(f"/enter?token={TOKEN}").text.count("account") >= 1
    assert "set-cookie" not in closed.get(f"/enter?token={TOKEN}").headers
    assert closed.get("/").status_code == 403


def test_the_first_link_makes_an_administrator_once(client, access):
    link = f"/enter?link={access.register.invite(Role.ADMIN, raw=True, kind='first')}"
    for _ in range(3):  # programs look at links before people do
        assert "as admin" in client.get(link).text
    secret = link.partition("=")[2]
    fields = {"link": secret, "name": "robin", "password": PASSWORD}
    assert "at least" in client.post("/enter", data={**fields, "password": "short"}).text
    entered = client.post("/enter", data=fields, follow_redirects=False)
    assert entered.status_code == 303
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    for path in [*PAGES, *READS, "/account", "/people", "/records", "/products/forge/live"]:
        assert client.get(path).status_code == 200, path
    assert client.post("/enter", data={**fields, "name": "eve"}).status_code == 403
    assert client.get(link).status_code == 403
    (change,) = access.records.changes()
    assert (change["who"], change["what"]) == ("robin", "password set by a link")


def test_of_first_links_only_the_newest_holds(client, access):
    older, newer = (access.register.invite(Role.ADMIN, raw=True, kind="first") for _ in "ab")
    assert client.get(f"/enter?link={older}").status_code == 403
    assert client.get(f"/enter?link={newer}").status_code == 200


def test_logging_in_and_out(client, access):
    made(access, "robin", Role.VIEWER)
    assert enter(client, "robin", "another password").status_code == 403
    assert enter(client, "robin").status_code == 303
    page = client.get("/account")
    assert "You are logged in" in page.text
    cookie = dict(client.cookies)
    left = client.post("/account", data={"act": "leave", "word": word_of(page.text)})
    assert left.status_code == 200
    assert client.get("/").status_code == 403
    client.cookies.update(cookie)
    assert client.get("/").status_code == 403, "the session itself is over, not only the cookie"


def test_who_tries_passwords_has_to_wait(client, access):
    made(access, "robin", Role.ADMIN)
    for _ in range(5):
        assert enter(client, "robin", "a wrong password").status_code == 403
    waits = enter(client, "robin")
    assert waits.status_code == 429
    assert "5 minutes" in waits.text


def test_unknown_and_known_names_get_the_same_words(client, access):
    made(access, "robin", Role.ADMIN)
    texts = {enter(client, name, "a wrong password").text for name in ("robin", "nobody")}
    assert len(texts) == 1


ODD_FORMS = [
    b"",
    b"name=%00&password=%ff",
    b"x" * 20_000,
    b"&" * 8000,
    b"link=x&name=a&password=b",
    "name=é&password=🦀".encode(),
]


@pytest.mark.parametrize("body", ODD_FORMS)
def test_odd_forms_open_nothing(client, access, body):
    answer = client.post("/enter", content=body)
    assert answer.status_code in (403, 422)
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/account", "/people"])
@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "null"},
     {"origin": "https://evil.example"}],
)  # fmt: skip
def test_a_form_of_another_site_does_nothing(client, access, path, headers):
    made(access, "robin", Role.ADMIN)
    enter(client, "robin")
    fields = {"act": "invite", "role": "admin", "word": word_of(client.get("/people").text)}
    before = len(access.records.changes())
    assert client.post(path, data=fields, headers=headers).status_code == 403
    assert client.post(path, data={**fields, "word": "x"}).status_code == 403
    assert client.post(path, data={"act": "invite"}).status_code == 403
    assert len(access.records.changes()) == before
    assert (
        client.post("/enter", data={"name": "a", "password": "b"}, headers=headers).status_code
        == 403
    )


def test_the_word_of_one_is_not_the_word_of_another(client, access):
    made(access, "robin", Role.ADMIN)
    made(access, "kim", Role.ADMIN)
    enter(client, "robin")
    word = word_of(client.get("/people").text)
    enter(client, "kim")
    assert client.post("/people", data={"act": "invite", "word": word}).status_code == 403


def test_a_cookie_alone_changes_nothing_and_reads_nothing_raw_over_the_api(client, access):
    """A browser shows it to whoever leads it here."""
    made(access, "robin", Role.ADMIN, raw=True)
    enter(client, "robin")
    assert client.post("/api/v1/sql", json={"sql": "select 1"}).status_code == 401
    assert client.get("/api/v1/people").status_code == 401
    assert client.delete("/api/v1/people/robin").status_code == 401


def test_an_administrator_invites_changes_and_removes_in_pages(client, access):
    made(access, "robin", Role.ADMIN)
    enter(client, "robin")
    word = word_of(client.get("/people").text)
    page = client.post(
        "/people", data={"act": "invite", "role": "analyst", "raw": "on", "word": word}
    )
    secret = re.search(r"/enter\?link=([\w-]+)", page.text)[1]
    kim = access.register.accept(secret, "kim", PASSWORD)
    assert (kim.role, kim.raw) == (Role.ANALYST, True)
    act = {"name": "kim", "act": "change", "role": "privacy-officer", "word": word}
    client.post("/people", data=act)
    assert access.register.person("kim").role is Role.PRIVACY_OFFICER
    assert not access.register.person("kim").raw
    assert "last admin" in client.post("/people", data={**act, "name": "robin"}).text
    client.post("/people", data={**act, "act": "remove"})
    assert access.register.person("kim") is None
    log = client.get("/records?log=changes").text
    for words in ("person removed", "person changed", "invited", "kim"):
        assert words in log


def test_a_token_is_made_shown_once_and_removed(client, access):
    made(access, "robin", Role.ANALYST, raw=True)
    enter(client, "robin")
    word = word_of(client.get("/account").text)
    fields = {
        "act": "make",
        "title": "<b>nightly</b>",
        "days": "7",
        "scope-see": "on",
        "word": word,
    }
    page = client.post("/account", data=fields)
    token = re.search(r"ghtok_[\w-]+", page.text)[0]
    assert "&lt;b&gt;nightly" in page.text
    assert token not in client.get("/account").text
    headers = {"authorization": f"Bearer {token}"}
    client.cookies.clear()
    me = client.get("/api/v1/me", headers=headers).json()
    assert me["rights"] == ["see"]
    assert client.post("/api/v1/sql", json={"sql": "select 1"}, headers=headers).status_code == 403
    (listed,) = access.register.tokens()
    enter(client, "robin")
    word = word_of(client.get("/account").text)
    client.post("/account", data={"act": "remove", "id": listed.id, "word": word})
    assert client.get("/api/v1/me", headers=headers).status_code == 401


def test_made_up_cookies_open_nothing(closed):
    for value in ("", TOKEN, "x"):
        closed.cookies.set("glasshouse_session", value)
        assert closed.get("/").status_code == 403


@pytest.mark.parametrize("host", ["localhost:8090", "127.0.0.1:8090", "[::1]:8090", "LOCALHOST"])
def test_open_on_loopback(opened, host):
    assert opened.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", ""])
def test_another_name_for_loopback_stays_out(opened, host):
    """A page of another site may let its name point here; the browser then sends that name."""
    for path in PAGES + READS:
        assert opened.get(path, headers={"host": host}).status_code in (401, 403)
    assert opened.post("/api/v1/sql", json={"sql": "select 1"}).status_code == 401


def test_loopback_closes_when_somebody_has_an_account(world):
    access = access_in_memory(TOKEN, open_on_loopback=True)
    with browsing(console_app(world.insight, access)) as client:
        page = client.get("/people")
        fields = {"act": "invite", "role": "admin", "raw": "on", "word": word_of(page.text)}
        link = re.search(r"/enter\?link=[\w-]+", client.post("/people", data=fields).text)[0]
        assert client.get("/").status_code == 200
        access.register.accept(link.partition("=")[2], "robin", PASSWORD)
        assert client.get("/").status_code == 403
        assert enter(client, "robin").status_code == 303


# What is seen without raw access, and what is on record with it.


def test_every_surface_says_the_same_to_who_has_no_raw_access(client, access, world):
    made(access, "kim", Role.VIEWER)
    enter(client, "kim")
    path = "/api/v1/ask/field_distribution?product=forge&field=system&period=30d"
    answer = client.get(path).json()
    words = {"product": ["forge"], "field": ["system"], "period": ["30d"]}
    expected = world.insight.ask_suppressed("field_distribution", words)
    assert [row["instances"] for row in answer["rows"]] == expected.column("instances")
    csv = client.get(f"{path}&format=csv").text
    for row in answer["rows"]:
        assert f"{row['value']},{row['instances']}," in csv
    page = client.get("/products/forge?period=30d&field=snapshot.host.system").text
    for row in answer["rows"]:
        assert re.search(rf">{row['value']}</a></th><td class=\"number\">{row['instances']}<", page)
    assert "Newest items" not in page
    assert client.get("/products/forge/live").status_code == 403
    refused = client.get("/api/v1/ask/active_instances?product=forge&where=country!=DE")
    assert refused.status_code == 400
    assert "raw access" in refused.json()["message"]
    assert access.records.raw_reads() == []


def test_a_raw_read_is_on_record_with_who_what_and_why_and_no_value(client, access, world):
    made(access, "kim", Role.ANALYST, raw=True)
    secret, token = access.register.make_token("kim", "t", ["see", "raw"], 3)
    headers = {"authorization": f"Bearer {secret}", "glasshouse-why": "case 12"}
    path = "/api/v1/ask/active_instances?product=forge&where=country=DE&where=system=Canary 7"
    exact = client.get(path, headers=headers).json()
    words = {"product": ["forge"], "where": ["country=DE", "system=Canary 7"]}
    assert [r["instances"] for r in exact["rows"]] == world.insight.ask(
        "active_instances", words
    ).column("instances")
    client.post("/api/v1/sql", headers=headers, json={"sql": "select 'Canary 7' from instances"})
    client.get("/products/forge/live", headers=headers)
    newest, live, sql, asked = access.records.raw_reads()
    assert (asked["what"], asked["product"]) == (
        "active_instances by country, snapshot.host.system",
        "forge",
    )
    assert asked["who"] == f"kim, token {token.id}"
    assert asked["why"] == "case 12"
    assert re.fullmatch(r"sql [0-9a-f]{12} of instances", sql["what"])
    assert (live["what"], newest["what"]) == ("the live view", "newest items")
    assert "Canary" not in str(access.records.raw_reads())


def test_the_log_goes_back_by_cursor(client, access):
    made(access, "kim", Role.PRIVACY_OFFICER)
    secret, _ = access.register.make_token("kim", "t", ["records"], 3)
    for n in range(7):
        access.records.change(access.register.by_token(secret), "x", str(n))
    headers, before, seen = {"authorization": f"Bearer {secret}"}, "", []
    while before is not None:
        url = f"/api/v1/records/changes?limit=3&before={before}"
        page = client.get(url, headers=headers).json()
        seen += [row["about"] for row in page["rows"]]
        before = page["before"]
    assert seen == list("6543210")
    for odd in ("limit=x", "before=x", f"limit={'9' * 5000}"):
        assert client.get(f"/api/v1/records/changes?{odd}", headers=headers).status_code == 422

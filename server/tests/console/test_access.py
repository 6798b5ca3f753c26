"""Who gets in, and who does not."""

import pytest

TOKEN = "token-of-this-test"
PAGES = ["/", "/products/forge", "/products/forge/dictionary", "/products/forge/disclosure"]
READS = ["/api/v1/questions", "/api/v1/ask/active_instances?product=forge"]


@pytest.mark.parametrize("path", [*PAGES, "/products/nope"])
def test_a_page_without_the_token_is_the_way_in(closed, path):
    answer = closed.get(path)
    assert answer.status_code == 403
    assert "people who have its token" in answer.text
    assert "Forge" not in answer.text


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("token", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", "Bearer é"])
def test_the_api_without_the_token(closed, path, token):
    answer = closed.get(path, headers={"authorization": token.encode()})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "rows" not in answer.text


@pytest.mark.parametrize("path", PAGES + READS)
def test_the_link_opens_a_session(closed, path):
    entered = closed.get(f"/enter?token={TOKEN}", follow_redirects=False)
    assert entered.status_code == 303
    assert entered.headers["location"] == "/"
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN not in cookie
    assert closed.get(path).status_code == 200


def test_the_form_opens_a_session(closed):
    assert closed.post("/enter", data={"token": TOKEN}).status_code == 200
    assert closed.get("/products/forge").status_code == 200


@pytest.mark.parametrize("token", ["wrong", "", " ", "é", "x" * 10_000, "&" * 4000])
def test_a_wrong_token_opens_nothing(closed, token):
    answer = closed.post("/enter", content=f"token={token}".encode())
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert closed.get("/").status_code == 403


def test_a_made_up_cookie_opens_nothing(closed):
    for value in ("", TOKEN, "x"):
        closed.cookies.set("glasshouse_session", value)
        assert closed.get("/").status_code == 403


def test_sql_takes_the_token_only(closed):
    """A cookie alone may be sent by a browser that another site has led here."""
    closed.get(f"/enter?token={TOKEN}")
    assert closed.post("/api/v1/sql", json={"sql": "select 1"}).status_code == 401


@pytest.mark.parametrize("host", ["localhost:8090", "127.0.0.1:8090", "[::1]:8090", "LOCALHOST"])
def test_open_on_loopback(opened, host):
    assert opened.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", ""])
def test_another_name_for_loopback_stays_out(opened, host):
    """A page of another site may let its name point here; the browser then sends that name."""
    for path in PAGES + READS:
        assert opened.get(path, headers={"host": host}).status_code in (401, 403)
    assert opened.post("/api/v1/sql", json={"sql": "select 1"}).status_code == 401

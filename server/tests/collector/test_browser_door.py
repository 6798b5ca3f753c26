"""The browser door: what pages send, and visits that nobody can link."""

import asyncio
import contextlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from glasshouse.cli import midnight
from glasshouse.model import Origin
from glasshouse_sdk.browser.files import integrity
from glasshouse_sdk.browser.visits import Visits, seconds_to_midnight

EXAMPLES = Path(__file__).parents[3] / "sdk" / "browser" / "examples"
SOURCE = (EXAMPLES / "telemetry.toml").read_text()
ASKS, DOES_NOT = 'default = "ask"', 'default = "on"'


@pytest.fixture
def console(running):
    """A console that does not ask first."""
    return running.catalogue.add(SOURCE.replace(ASKS, DOES_NOT).encode())


def view(number=0, *, ago=0, item="event.page_view", **fields):
    fields = {"route": "/nodes"} | fields
    return {"id": f"{number:032x}", "item": item, "ago": ago, "fields": fields}


def post(running, product, items, *, headers=None, agent="Browser A", **more):
    body = {"product": product.slug, "manifest": product.manifest.digest, "items": items, **more}
    headers = {"user-agent": agent, "content-type": "text/plain;charset=UTF-8", **(headers or {})}
    return running.send("/v1/browser", body, **headers)


def test_a_page_view_is_taken(running, console):
    answer = post(running, console, [view(load_time=412, language="de")], version="1.4.0")
    assert answer.status_code == 204
    assert answer.content == b""
    (line,) = running.lines()
    assert line["fields"] == {"route": "/nodes", "load_time": 412.0, "language": "de"}
    assert line["version"] == "1.4.0"
    assert len(line["instance"]) == 32
    assert b"Browser A" not in running.bytes_on_disk()


def test_what_a_tracker_would_not_send_is_not_taken_either(running, console):
    items = [
        view(1, route="/nodes/db1.customer.example"),
        view(2, item="event.secret"),
        view(3, title="secret"),
        view(4, screen_width=1337),
        {"id": "x", "item": "event.page_view", "ago": 0, "fields": {"load_time": "secret"}},
    ]
    assert post(running, console, items).status_code == 204
    assert [line["fields"] for line in running.lines()] == [
        {"route": "/nodes"},
        {"route": "/nodes", "screen_width": 1280},
    ]
    reasons = [(outcome, reason) for outcome, reason, *_ in running.refusals()]
    assert sorted(reasons) == [
        ("accepted", "undeclared_field"),
        ("rejected", "unknown_item"),
        ("rejected", "wrong_type"),
        ("rejected", "wrong_type"),
    ]
    assert b"secret" not in running.bytes_on_disk()
    assert b"customer" not in running.bytes_on_disk()


@pytest.mark.parametrize("header", ["dnt", "sec-gpc"])
def test_who_asks_not_to_be_tracked_is_not(running, console, header):
    assert post(running, console, [view()], headers={header: "1"}).status_code == 204
    assert running.lines() == []
    assert running.refusals() == [("suppressed", "do_not_track", 1, "event.page_view", None)]


def test_a_product_that_asks_takes_nothing_of_who_has_not_agreed(running):
    newer = SOURCE.replace("consent_version = 1", "consent_version = 2")
    product = running.catalogue.add(
        newer.replace("[event.click]", "[event.click]\nsince = 2").encode()
    )
    click = {"id": "c" * 32, "item": "event.click", "ago": 0, "fields": {"role": "link"}}
    for consent in (None, 0):
        post(running, product, [view()], **({} if consent is None else {"consent": consent}))
    assert running.lines() == []
    post(running, product, [view(), click], consent=1)
    assert len(running.lines()) == 1
    post(running, product, [click], consent=2)
    assert len(running.lines()) == 2
    assert {(o, r) for o, r, *_ in running.refusals()} == {("suppressed", "no_consent")}


def test_a_visit_is_one_within_a_day_and_another_on_the_next(running, console):
    running.now = datetime(2026, 11, 20, 9, tzinfo=UTC)
    for number in range(3):
        post(running, console, [view(number)])
    post(running, console, [view(3)], agent="Browser B")
    running.now += timedelta(days=1)
    post(running, console, [view(4), view(5, ago=12 * 3600 * 1000)])
    first, second, third, other, next_day, late = (line["instance"] for line in running.lines())
    assert first == second == third
    assert len({first, other, next_day, late}) == 4, "a late item joins neither day's visit"
    late_at = running.lines()[-1]["at"]
    assert late_at.startswith("2026-11-20T21:00")


def test_the_key_of_a_day_is_gone_with_it(running, console):
    """The same address and browser cannot be computed into yesterday's visit any more."""
    made = []

    def random(size):
        made.append(bytes([len(made) + 1]) * size)
        return made[-1]

    visits = Visits(random)
    monday, tuesday = datetime(2026, 11, 16).date(), datetime(2026, 11, 17).date()
    shown = ("192.0.2.1", "Browser A")
    name = visits.name("console", shown, monday, monday)
    assert visits.name("console", shown, monday, monday) == name
    assert visits.name("other", shown, monday, monday) != name
    assert made[0] in bytes(visits._shared)
    assert visits.name("console", shown, monday, tuesday) != name
    assert made[0] not in bytes(visits._shared)
    assert visits.name("console", shown, monday, monday) != name, "a clock set back finds no key"
    visits.forget()
    assert bytes(visits._shared).strip(b"\0") == b""
    assert seconds_to_midnight(datetime(2026, 11, 16, 23, 59, 30, tzinfo=UTC)) == 30


def test_the_key_is_in_no_file(running, console):
    post(running, console, [view()])
    key = bytes(running.app._desk.visits._shared)[4:]
    assert key.strip(b"\0")
    assert key not in running.bytes_on_disk()
    assert key.hex().encode() not in running.bytes_on_disk()


def test_a_relay_tells_visits_apart_and_how_long_it_held_them(running, console):
    running.now = datetime(2026, 11, 20, 9, tzinfo=UTC)
    for number, visit in enumerate(("a" * 32, "a" * 32, "b" * 32)):
        post(running, console, [view(number)], headers={"glasshouse-visit": visit})
    post(running, console, [view(3, ago=1000)], headers={"glasshouse-held": "600"})
    one, same, other, held = running.lines()
    assert one["instance"] == same["instance"] != other["instance"]
    assert "a" * 32 not in one["instance"]
    assert held["at"].startswith("2026-11-20T08:49:59")


def test_an_identifier_only_with_consent_and_where_the_manifest_has_one(running, console):
    visitor = "d" * 32
    post(running, console, [view(1)], visitor=visitor, consent=1)
    identified = SOURCE.replace("[browser]\n", "[browser]\nidentifier = true\n")
    product = running.catalogue.add(identified.replace(ASKS, DOES_NOT).encode())
    post(running, product, [view(2)], visitor=visitor)
    post(running, product, [view(3)], visitor="secret name", consent=1)
    post(running, product, [view(4)], visitor=visitor, consent=1)
    assert [line["instance"] == visitor for line in running.lines()] == [False] * 3 + [True]
    assert b"secret" not in running.bytes_on_disk()


def test_a_repeat_has_the_same_key(running, console):
    post(running, console, [view(1)])
    post(running, console, [view(1, ago=3000)])
    first, second = (record.keys for record in running.records())
    assert first == second


def test_a_relays_key_says_what_items_count_as(running, console):
    key = console.key_for(Origin.DEVELOPMENT)
    post(running, console, [view()], headers={"authorization": f"Bearer {key}"})
    assert running.lines()[0]["origin"] == "development"
    answer = post(running, console, [view()], headers={"authorization": "Bearer gh_wrong"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'{"items":{}}', b'{"items":[1]}', b"\xff", b"[" * 5000,
        b'{"product":"sample-console","items":[{}]}', b'{"product":5,"items":[]}',
        b'{"product":"shop","items":[]}', b'{"product":"nobody","items":[]}',
        b'{"product":"sample-console","manifest":"sha256:00","items":[]}',
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused(running, console, body):
    answer = running.send("/v1/browser", body)
    assert answer.status_code in (400, 401)
    assert set(answer.json()["error"]) == {"reason", "found", "expected", "do"}


@pytest.mark.parametrize("ago", [-5, 1e300, 10**18, 0.5])
def test_an_age_that_cannot_be_is_bounded(running, console, ago):
    assert post(running, console, [view(ago=ago)]).status_code == 204
    (line,) = running.lines()
    at = datetime.fromisoformat(line["at"])
    assert timedelta(0) <= datetime.now(UTC) - at < timedelta(days=2, minutes=1)


def test_too_many_items_are_refused(running, console):
    assert post(running, console, [view(n) for n in range(201)]).status_code == 413


def test_the_tracker_is_served_with_its_configuration(running, console):
    answer = httpx.get(f"{running.url}/browser/sample-console/tracker.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"
    text = answer.text
    configured = json.loads(text[text.index("{") : text.index(");\n")])
    assert configured["endpoint"] == "/v1/browser"
    assert configured["product"] == "sample-console"
    assert console.key_for(Origin.PRODUCTION) not in text
    tag = answer.headers["etag"]
    assert tag == f'"{integrity(answer.content)}"'
    again = httpx.get(answer.url, headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_published_files_are_served_for_ever_and_others_are_not_there(running, console):
    for name in ("tracker.js", "banner.js"):
        answer = httpx.get(f"{running.url}/browser/1.0.0/{name}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    for path in (
        "shop/tracker.js", "nobody/tracker.js", "1.0.1/tracker.js", "1.0.0/files.py", "",
        "sample-console/configuration.js", "../v1/telemetry", "1.0.0/..%2f..%2ffiles.py",
    ):  # fmt: skip
        assert httpx.get(f"{running.url}/browser/{path}").status_code in (404, 405), path
    assert httpx.post(f"{running.url}/browser/1.0.0/tracker.js").status_code == 405
    running.catalogue.change("sample-console", {"ended": True})
    assert httpx.get(f"{running.url}/browser/sample-console/tracker.js").status_code == 404


def test_the_key_goes_at_midnight_even_if_nobody_comes(monkeypatch):
    evening = datetime(2026, 11, 16, 23, 59, 59, 900_000, tzinfo=UTC)
    monkeypatch.setattr(midnight, "now", lambda: evening)
    visits = Visits()
    visits.name("console", ("192.0.2.1",), evening.date(), evening.date())
    assert bytes(visits._shared).strip(b"\0")

    async def wait():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(midnight.forget_each_midnight(visits), 0.5)

    asyncio.run(wait())
    assert bytes(visits._shared).strip(b"\0") == b""

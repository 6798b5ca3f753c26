"""The pages: what they show, that nothing shown can act, and that wrong addresses are pages too."""

import contextlib
import html
import re
from contextvars import ContextVar

import anyio
import pytest
from fleet import MANIFEST, NOW, Fleet, Item
from fleet import world as build
from serving import browsing
from starlette.requests import Request

from glasshouse.cli.installation import Installation
from glasshouse.console.app import access_in_memory, console_app
from glasshouse.console.pages.arrangements import ARRANGEMENTS
from glasshouse.console.pages.question_page import QuestionPage
from glasshouse.console.templating import streamed
from glasshouse.insight.reading import Reading
from glasshouse.model import Origin
from glasshouse.people.rights import machine
from glasshouse.settings import Settings
from glasshouse_sdk.manifest import parse_manifest
from glasshouse_sdk.manifest.template import new_manifest

PAGES = [
    "/",
    "/products/forge",
    "/products/forge/dictionary",
    "/products/forge/disclosure",
    "/products/forge/live",
]
PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</title><script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    "]]><script>alert(1)</script>",
]


@pytest.mark.parametrize("path", [*PAGES, "/nope", "/products/nope", "/enter"])
def test_every_page_is_protected_and_complete(client, path):
    answer = client.get(path)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; script-src 's")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    text = answer.text
    assert '<html lang="en">' in text
    assert re.search(r"<title>[^<]+</title>", text)
    assert 'href="#content"' in text
    assert text.count("<h1>") >= 1
    # The policy would block these; a page that needs them would be broken.
    assert not re.search(r"<[^>]+\s(style|on\w+)=", text)
    for address in re.findall(r'(?:src|href)="([^"]+)"', text):
        assert address.startswith(("/", "#", "https://www.example")), address


def test_the_front_page_shows_the_fleet(client, world):
    glance = world.insight.glance(world.insight.product("forge"), Origin.PRODUCTION)
    text = client.get("/").text
    assert f"<dd>{glance.active_30:,}" in text
    assert "2.1.0" in text
    assert "kept apart" in text


def test_simulated_rows_are_apart_and_named(client):
    real = client.get("/products/forge").text
    assert 'class="band"' not in real
    simulated = client.get("/products/forge?origin=simulated").text
    assert "None of these installations exists" in simulated
    assert simulated.count('<figure class="card simulated"') == 3
    assert simulated.count('<span class="badge simulated">') >= 8


def test_no_switch_where_there_is_nothing_to_switch_to(tmp_path):
    fleet = Fleet([Item("snapshot.host", NOW, "a", "production", "1.0", "DE", {"cores": 2})])
    with shown(tmp_path, fleet) as client:
        assert "Which installations" not in client.get("/products/forge").text


def test_first_use(tmp_path):
    with shown(tmp_path, Fleet(), MANIFEST) as client:
        assert "Nothing has arrived from a real installation yet" in client.get("/").text
        text = client.get("/products/forge").text
        assert "Waiting for the first item" in text
        assert "glasshouse-sdk --manifest forge.toml --key gh_" in text
        assert "record command_finished command=run seconds=1.5" in text
        assert "telemetry.record(&#34;command_finished&#34;, command=&#34;run&#34;" in text
        assert "Which installations" not in text


def test_a_page_is_sent_while_its_figures_are_made(world):
    """Its head is there before anything is asked, a figure before the next is."""
    asked = []

    class Noting(type(world.insight)):
        def ask(self, question, words):
            asked.append(question)
            return super().ask(question, words)

    insight = Noting(world.store, world.catalogue, lambda: NOW, list)
    access = access_in_memory("t")
    reading = Reading(insight, machine(), access.records)
    scope = {"type": "http", "query_string": b"", "path_params": {"slug": "forge"}, "headers": []}
    shown = QuestionPage(reading, ARRANGEMENTS["versions"])(Request(scope))

    async def parts():
        async for part in shown.body_iterator:
            yield part, list(asked)

    async def whole():
        return [each async for each in parts()]

    found = anyio.run(whole)
    assert [len(made) for _, made in found] == [0, 1, 2, 3, 4, 4]
    assert "<h1>Versions</h1>" in found[0][0]
    assert 'id="version_adoption"' in found[1][0]
    assert found[-1][0].endswith("</html>")


def test_what_was_known_when_a_page_was_made_holds_while_it_is_sent():
    known = ContextVar("known", default="nothing")

    class Text:
        def __str__(self):
            return f"it is {known.get()}"

    token = known.set("something")
    shown = streamed("message", title="x", text=Text(), advice="", error=None)
    known.reset(token)

    async def whole():
        return "".join([part async for part in shown.body_iterator])

    assert "it is something" in anyio.run(whole)


def test_no_product_shows_the_first_steps(world):
    class NoProducts(type(world.insight)):
        def products(self):
            return []

    insight = NoProducts(world.store, world.catalogue, lambda: NOW, list)
    with browsing(console_app(insight, "t"), "t") as client:
        assert "glasshouse product add" in client.get("/").text


@pytest.mark.parametrize("path", ["/nope", "/products/nope", "/products/forge/nope", "/products/"])
def test_a_wrong_address_is_a_page(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "All products" in answer.text


@pytest.mark.parametrize(
    "query", ["by=year", "from=x", "period=9d", "field=nope", "origin=moon", "from=2030-01-01"]
)
def test_a_wrong_query_is_a_page_that_says_what_is_expected(client, query):
    answer = client.get(f"/products/forge?{query}")
    assert answer.status_code == 400
    assert "expected" in answer.text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payloads_in_every_value_are_only_text(tmp_path, payload):
    """In stored values, in the manifest and in the address."""
    quoted = payload.replace("\\", "\\\\").replace('"', '\\"')
    manifest = MANIFEST
    for known in ("Example Works", "Forge counts itself.", "Which systems to build for.",
                  "project names", "until removed", "Know which commands are used."):  # fmt: skip
        assert known in manifest
        manifest = manifest.replace(known, quoted)
    fields = {"system": payload, "version": payload, "plugins": [payload]}
    fleet = Fleet([Item("snapshot.host", NOW, payload, "production", payload, "DE", fields)])
    with shown(tmp_path, fleet, manifest) as client:
        texts = [client.get(path).text for path in PAGES]
        texts += [
            client.get("/products/forge", params={"field": name}).text
            for name in ("system", "version", "plugins")
        ]
        texts += [
            client.get("/products/forge", params={name: payload}).text
            for name in ("version", "country", "field", "by", "from", "origin", "period")
        ]
        texts += [
            client.get("/products/forge/dictionary", params={"search": payload}).text,
            client.get(f"/products/{payload}").text,
            client.get("/enter", params={"token": payload}).text,
        ]
    for text in texts:
        for tag in ("<script>alert", "<img", "<svg/onload", "onerror=alert(1)>"):
            assert tag not in text.replace("&#34;", '"').replace("&lt;", "≺").replace("&gt;", "≻")
        assert "49" not in re.findall(r">(\d+)<", text)
        assert 'href="javascript:' not in text
    assert any("&lt;" in text or "alert" in text or "7*7" in text for text in texts)


def test_the_dictionary_finds_words_of_everything_it_shows(client):
    for search, count in (("cores", 1), ("ENGINE", 2), ("systems build", 1), ("zzz", 0)):
        text = client.get("/products/forge/dictionary", params={"search": search}).text
        assert len(re.findall(r'<tr id="', text)) == count, search


def test_assets_are_kept_and_named_by_content(client):
    text = client.get("/").text
    addresses = re.findall(r'"(/assets/[^"]+)"', text)
    assert len(addresses) == 4
    for address in addresses:
        assert "immutable" in client.get(address).headers["cache-control"]
    assert client.get("/assets/../app.py").status_code == 404
    assert client.get("/assets/nope.js").status_code == 404


def test_a_page_fits_on_a_phone_plan(client):
    """150 KB over the wire for the first load, assets included."""
    paths = ["/products/forge?period=90d", *re.findall(r'"(/assets/[^"]+)"', client.get("/").text)]
    total = 0
    for path in paths:
        with client.stream("GET", path) as answer:
            total += sum(len(chunk) for chunk in answer.iter_raw())
    assert total < 150_000


@contextlib.contextmanager
def shown(data, fleet, manifest=MANIFEST):
    """A client of a console over a fleet of its own."""
    made = build(data, fleet, manifest, refusals=[])
    with browsing(console_app(made.insight, "t"), "t") as client:
        yield client
    made.store.close()


def test_the_steps_of_an_empty_server_send_what_their_manifest_declares(tmp_path):
    installation = Installation(Settings(data=tmp_path / "data"), print)
    with browsing(console_app(installation.insight, "t"), "t") as client:
        text = html.unescape(client.get("/").text)
    installation.close()
    manifest = parse_manifest(new_manifest("shop").encode())
    name, *fields = re.search(r" record (.+)", text)[1].split()
    item = manifest.items[f"event.{name}"]
    assert {field.partition("=")[0] for field in fields} <= set(item.fields)
    assert "product add shop.toml --write-key-file shop.key" in text
    assert '--key "$(cat shop.key)"' in text


EVENTS, SNAPSHOTS = MANIFEST.index("[event."), MANIFEST.index("[snapshot.")
SNAPSHOTS_ALONE = MANIFEST[:EVENTS] + MANIFEST[SNAPSHOTS:]
ONE_EVENT = """
[event.started]
occasions = ["start"]
purpose = "use"
"""


def test_a_product_of_snapshots_alone_has_no_pages_of_features_and_funnels(tmp_path):
    item = Item("snapshot.host", NOW, "a", "production", "1.0", "DE", {"cores": 2})
    with shown(tmp_path, Fleet([item]), SNAPSHOTS_ALONE) as client:
        menu = client.get("/products/forge").text
        assert "/products/forge/versions" in menu
        for name in ("features", "funnels"):
            assert f"/products/forge/{name}" not in menu
            answer = client.get(f"/products/forge/{name}")
            assert "declares nothing that this page could show" in answer.text


def test_funnels_without_steps_ask_for_some_and_are_no_mistake(tmp_path):
    one = SNAPSHOTS_ALONE + ONE_EVENT
    item = Item("snapshot.host", NOW, "a", "production", "1.0", "DE", {"cores": 2})
    with shown(tmp_path, Fleet([item]), one) as client:
        assert client.get("/products/forge/funnels").status_code == 200


def test_sharing_is_not_offered_to_who_may_not_share(opened):
    """A browser on the server's machine has no account, and a link has the access of its maker."""
    assert "/products/forge/versions" in opened.get("/products/forge").text
    assert 'href="/shares"' not in opened.get("/products/forge").text
    assert "with an account" in opened.get("/shares").text

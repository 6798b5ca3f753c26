"""A thousand payloads through every field that is shown: none runs, and nobody else is asked."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import urlencode

import fleet as fleets
import great_fleet as great_fleets
import httpx
import pytest
from chromium import opened
from payloads import payloads
from serving import served

from glasshouse.console.app import access_in_memory, console_app
from glasshouse.console.pages.arrangements import ARRANGEMENTS
from glasshouse.people import Role

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

EACH = 100  # as many as a table shows
STORED = ("instance", "organization", "version", "system", "plugins", "country", "manifest")
QUERIED = ("search", "where", "field", "across", "steps", "affected", "osv", "disclosed", "from",
           "period", "origin", "by", "id", "name", "reach", "within", "compare")  # fmt: skip
OURS = {"script": "src", "link": "href", "img": "src", "form": "action", "iframe": "src"}
MANIFEST_TEXTS = (
    "Example Works", "Forge counts itself.", "Which systems to build for.", "project names",
    "until removed", "Know which commands are used.", "A command ended.", "The host as of a day.",
    "Size of hosts.", "Know what is slow.", "No project name ever leaves the machine.",
)  # fmt: skip
SEEN = [
    *(f"/products/forge/{name}".rstrip("/") for name in ARRANGEMENTS),
    "/products/forge/dictionary",
    "/products/forge/disclosure",
    "/products/forge/live",
    "/products/forge/fleet?field=system&across=version&period=7d",
    "/products/forge/fleet?field=plugins&across=system&period=7d",
    "/products/forge/advisories?affected=%3E0,%3C99999",
    "/",
]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A console whose every stored text is a payload; with those that were not stored."""
    known = list(payloads())
    stored = {name: known[n * EACH : (n + 1) * EACH] for n, name in enumerate(STORED)}
    at = fleets.NOW - timedelta(hours=5)
    items = []
    for number in range(EACH):
        item = fleets.Item(
            "snapshot.host", at + timedelta(seconds=number), stored["instance"][number],
            "production", stored["version"][number], stored["country"][number],
            {"cores": number, "system": stored["system"][number],
             "plugins": [stored["plugins"][number]]},
            stored["organization"][number],
        )  # fmt: skip
        items.append(item)
        items.append(
            replace(item, path="event.command_finished", fields={"command": "run", "seconds": 1.5})
        )
    manifest = great_fleets.GREAT_MANIFEST
    for text, payload in zip(MANIFEST_TEXTS, stored["manifest"], strict=False):
        assert text in manifest
        printable = "".join(c for c in payload if c.isprintable())
        manifest = manifest.replace(text, printable.replace("\\", "\\\\").replace('"', '\\"'))
    data = tmp_path_factory.mktemp("hostile")
    made = fleets.world(data, fleets.Fleet(items), manifest)
    with served(console_app(made.insight, "token", open_on_loopback=True)) as url:
        yield url, stored, known[len(STORED) * EACH :]
    made.store.close()


class Markup(HTMLParser):
    """What a page would do: attributes that act, addresses, and the texts that it shows."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.acting: list[str] = []
        self.shown: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag in ("base", "object", "embed", "iframe", "style", "math"):
            self.acting.append(tag)
        for name, value in attrs:
            self.shown.append(value or "")
            inline = name.startswith("on") or name in ("style", "srcdoc")
            address = name in ("href", "src", "action", "data", "formaction")
            known = (value or "").startswith(("/", "#", "?")) and not (value or "").startswith("//")
            if inline or (address and not known):
                self.acting.append(f"{tag} {name}={value}")
        if tag == "meta" and dict(attrs).get("http-equiv"):
            self.acting.append("meta refresh")
        if tag == "script" and not dict(attrs).get("src", "").startswith("/assets/"):
            self.acting.append("script")

    def handle_data(self, data):
        self.shown.append(data)


def test_payloads_are_shown_and_are_only_text(hostile):
    url, stored, _ = hostile
    shown = ""
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        for path in SEEN:
            answer = client.get(path)
            assert answer.status_code == 200, path
            found = Markup(answer.text)
            assert found.acting == [], path
            shown += "\n".join(found.shown)
    # A place is kept as COUNTRY/REGION: of a country with a slash, what stands before it.
    stored = {**stored, "country": [text.partition("/")[0] for text in stored["country"]]}
    missing = {
        name: [text for text in texts if text not in shown]
        for name, texts in stored.items()
        if name != "manifest"
    }
    assert {name: len(texts) for name, texts in missing.items() if texts} == {}


def test_payloads_in_the_address_are_only_text(hostile):
    url, _, rest = hostile
    with httpx.Client(base_url=url, trust_env=False, timeout=60, follow_redirects=True) as client:
        for number in range(0, len(rest), 3):
            page = [*ARRANGEMENTS, "dictionary"][number % (len(ARRANGEMENTS) + 1)]
            names = (QUERIED[(number + n) % len(QUERIED)] for n in range(3))
            query = urlencode(list(zip(names, rest[number : number + 3], strict=False)))
            answer = client.get(f"/products/forge/{page}?{query}".replace("/?", "?"))
            assert answer.status_code in (200, 400), query
            assert Markup(answer.text).acting == [], query
            assert "foreign.example" not in str(answer.url.host)


def test_no_payload_runs_in_a_browser(browser, hostile):
    url, _, rest = hostile
    with opened(browser, 1280, 900, "light") as page:
        page._call(
            "Page.addScriptToEvaluateOnNewDocument",
            source="window.hits = []; window.hit = n => window.hits.push(n)",
        )
        paths = [*SEEN]
        for number in range(30):
            query = urlencode([("search", rest[number]), ("where", f"system={rest[number + 30]}"),
                               ("id", rest[number + 60]), ("steps", rest[number + 90]),
                               ("affected", rest[number + 120])])  # fmt: skip
            names = ("advisories", "organization", "dictionary", "funnels", "instance", "versions")
            paths.append(f"/products/forge/{names[number % len(names)]}?{query}")
        for path in paths:
            page.open(url + path)
            assert page.value("window.hits") == [], path
            assert page.value("location.origin") == url, path
        assert [asked for asked in page.requests if not asked.startswith(url + "/")] == []
        blocked = [text for text in page.complaints if not re.search(r"status of 400", text)]
        assert blocked == []


def test_what_would_get_through_is_seen(browser, hostile):
    """The tests above can fail: the same payloads unescaped are found by both."""
    _, stored, _ = hostile
    assert sum(bool(Markup(f"<p>{text}</p>").acting) for text in stored["system"]) > 50
    with opened(browser, 1280, 900, "light") as page:
        page.value("window.hits = []; window.hit = n => window.hits.push(n); 1")
        for text in (text for text in stored["system"] if "onerror" in text):
            page.value(f"document.body.innerHTML = {json.dumps(text)}; 1")
        page.wait_until("window.hits.length > 2")


def test_a_name_of_a_person_is_only_text(great):
    access = access_in_memory("machine")
    access.register.accept(
        access.register.invite(Role.ADMIN, raw=True), "kim", "a long enough password"
    )
    with served(console_app(great.insight, access)) as url, httpx.Client(base_url=url) as client:
        for payload in list(payloads(40)):
            form = {"name": payload, "password": payload}
            assert Markup(client.post("/enter", data=form).text).acting == []

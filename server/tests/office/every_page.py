"""Every page of the console in every state that has words of its own, as the server sends it."""

import re
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fleet as fleets
import great_fleet as great_fleets
from filling_in import MANIFEST, fill_in
from httpx import Client
from serving import browsing

from glasshouse.catalogue import Catalogue
from glasshouse.console.app import access_in_memory, console_app
from glasshouse.console.pages.arrangements import ARRANGEMENTS
from glasshouse.insight import Insight
from glasshouse.model import Reason
from glasshouse.people import Role
from glasshouse.people.rights import machine

GREAT = "/products/great"
QUERIES = {
    "": "?compare=previous&period=30d",
    "versions": "?compare=previous&where=country=DE&reach=50",
    "organization": "?id=org-1",
    "instance": "?id=great-1",
    "advisories": "?affected=%3E%3D2.0.0,%3C2.1.0&disclosed={disclosed}",
    "features": "?field=event.command_finished.command",
    "fleet": "?field=snapshot.host.system&across=version",
    "geography": "?by=month&period=12m",
    "retention": "?by=month&period=12m",
}
LONG_ENOUGH = "a long enough password"


PEOPLES = re.compile(
    r"(?m)^((?:text|why|owner|summary|lives|of(?= = .the )|vendor|never|steps) = .*)$"
)
"""Lines of a manifest with sentences in them, which people wrote."""


def lived_in(house, words: Callable[[str], str] = str) -> None:
    """Something of everything in a house: a product with all that can be declared, and its life.

    `words` writes what people wrote in the manifests.
    """
    installation, office, now = house.installation, house.office, datetime.now(UTC)
    manifest = great_fleets.GREAT_MANIFEST.replace('slug = "forge"', 'slug = "great"')
    manifest = manifest.replace('name = "Forge"', 'name = "Great"')
    for text in (manifest, MANIFEST):
        installation.register(_written(text, words).encode())
    items = list(_life(now))
    body = fleets.payload(items, first=9000, refusals=fleets.REFUSALS).replace(
        b'"forge"', b'"great"'
    )
    installation.journal.note(body)
    with house.client() as stranger:
        stranger.post("/v1/telemetry", json={"items": [{}]})
    installation.journal.roll()
    while installation.loader.cycle().more:
        pass
    today = installation.insight.now().date()
    published = ["active_instances?by=week&period=90d", "geography"]
    installation.change_product("great", {"publish": published, "publish_group": 20}, machine())
    for slug in ("great", "forge"):
        office.advisories.save(
            slug, "CVE-2026-1", title="reads-too-much", affected=">=2.0.0,<2.0.4",
            disclosed=today - timedelta(days=30), fix="upgrade-it", by="robin",
        )  # fmt: skip
    office.releases.put("great", "2.1.0", today - timedelta(days=3), "x1")


def _written(manifest: str, words: Callable[[str], str]) -> str:
    """With the texts between quotes as `words` writes them, in lines that hold sentences."""
    return PEOPLES.sub(
        lambda line: re.sub(r'"[^"]*"', lambda text: words(text[0]), line[1]), manifest
    )


def _life(now: datetime) -> Iterator[fleets.Item]:
    for n in range(30):
        name, organization = f"great-{n}", f"org-{n % 3}"
        origin = "simulated" if n > 25 else "production"
        for week in range(9):
            at = now - timedelta(days=7 * week + n % 5, minutes=n + 3)
            version = "2.1.0" if week < 4 and n % 2 else "2.0.1"
            facts = (at, name, origin, version if n != 4 else None, ("DE", "US", None)[n % 3])
            fields = {"system": "Debian 12", "version": version, "cores": 1 + n % 4}
            yield fleets.Item("snapshot.host", *facts, fields, organization)
            command = {"command": ("run", "build")[n % 2], "seconds": 1.5}
            yield fleets.Item("event.command_finished", *facts, command, organization)
            step = {"step": ("installed", "configured")[week % 2]}
            yield fleets.Item("event.set_up", *facts, step, organization)
            view = {"route": ("/", "/nodes")[week % 2], "load_time": 250 + n}
            yield fleets.Item("event.page_view", *facts, view)


def pages_of(house, words: Callable[[str], str] = str) -> Iterator[tuple[str, str]]:
    """Name and HTML of each. The house is another one afterwards."""
    day = (datetime.now(UTC) - timedelta(days=30)).date()
    with house.client() as nobody:
        yield "enter", nobody.get("/enter").text
        yield "enter-wrong", nobody.post("/enter", data={"name": "x", "password": "y"}).text
        yield "missing", nobody.get("/nowhere").text
        yield "link-over", nobody.get("/enter?link=x").text
        secret = house.people.invite(Role.VIEWER, raw=False)
        yield "link-new", nobody.get(f"/enter?link={secret}").text
        again = house.people.invite(Role.ANALYST, raw=False, name="kim")
        yield "link-again", nobody.get(f"/enter?link={again}").text
        yield "public", nobody.get("/public/great").text
        yield "public-none", nobody.get("/public/forge").text
        yield "openid-none", nobody.get("/enter/openid").text
        yield "shared-none", nobody.get("/shared/x").text
    with house.client("robin") as robin, house.client("kim") as kim:
        for client, who in ((robin, "raw"), (kim, "suppressed")):
            yield f"products-{who}", client.get("/").text
            for name in ARRANGEMENTS:
                path = f"{GREAT}/{name}".rstrip("/") + QUERIES.get(name, "")
                yield f"{name or 'overview'}-{who}", client.get(path.format(disclosed=day)).text
            for tail in ("/dictionary", "/dictionary?search=Debian", "/dictionary?search=x9z",
                         "/disclosure", "/live", "/live?reload=on", "/settings",
                         "?origin=simulated", "?origin=development",
                         "?where=country=DE&where=version~2", "/funnels?steps=x9z",
                         "?from=2020-01-01&to=2020-01-31"):  # fmt: skip
                yield f"great{tail}-{who}", client.get(GREAT + tail).text
            for path in ("/account", "/alerts", "/alerts/great/CVE-2026-1", "/alerts/great/none",
                         "/settings", "/people", "/records", "/records?log=changes", "/privacy",
                         "/shares", "/products/none", "/products/forge",
                         "/products/forge/organization", "/products/forge/pages"):  # fmt: skip
                yield f"{path}-{who}", client.get(path).text
        yield from _acts(house, robin, kim)
    yield from _beginnings(words)


def _acts(house, robin: Client, kim: Client) -> Iterator[tuple[str, str]]:
    """What forms are answered with."""

    def act(path: str, form: str, client: Client = robin, /, **fields: str) -> tuple[str, str]:
        return f"{path}-{form}-done", fill_in(client, path, form, **fields).text

    link = re.compile(r"/shared/[\w-]{43}")
    for client, raw in ((robin, {"raw": "on"}), (kim, {})):
        name, shown = act("/shares", "make", client, address=GREAT, days="7", title="t1", **raw)
        yield name, shown
        with house.client() as nobody:
            yield f"shared-{raw}", nobody.get(link.search(shown)[0]).text
    yield "shares", robin.get("/shares").text
    yield act("/shares", "make", address="", days="7")
    yield act("/account", "make", title="t2", days="7", **{"scope-see": "on"})
    yield "account", robin.get("/account").text
    yield act("/people", "invite", role="viewer")
    yield act("/alerts", "add", about="great:CVE-2026-1", way="webhook",
              to="http://127.0.0.1:9/hook", raw="on")  # fmt: skip
    yield act("/alerts", "add", about="great:geography", way="email", to="a@example.com")
    alert = house.office.alerts.all()[0]
    yield act("/alerts", "try", id=alert.id)
    house.office.alerts.failed(alert, "x9z")
    yield act("/alerts", "import", product="great", csv="organization,name,contact\norg-1,n1,c1\n")
    yield "contacts", robin.get("/alerts/great/CVE-2026-1").text
    yield act("/alerts", "save", product="great", name="X", affected="<2", disclosed="x")
    yield act("/alerts", "nothing")
    yield "alerts", robin.get("/alerts").text
    for form, fields in {
        "put": {"version": "1", "day": "x"},
        "rates": {"rate": "fast"},
        "groups": {"smallest_group": "x"},
        "collection": {"ended": "on"},
        "nothing": {},
    }.items():
        yield act(f"{GREAT}/settings", form, **fields)
    yield act(f"{GREAT}/settings", "collection", allow="snapshot.host")
    yield "all-settings", robin.get("/settings").text
    with house.client("officer") as officer:
        yield "account-officer", officer.get("/account").text
        whom = {"product": "great", "kind": "organization", "identity": "org-2"}
        yield act("/privacy", "erase", officer, **whom)
        yield act("/privacy", "erase", officer, **{**whom, "identity": ""})
        yield act("/privacy", "erase", officer, **{**whom, "kind": "none"})
        yield act("/privacy", "erase", officer, **whom, sure="great")
        yield "privacy", officer.get("/privacy").text
    for path in ("/people", "/account", "/shares"):
        yield f"{path}-foreign", robin.post(path, data={"word": "x"}).text


def _beginnings(words: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """The first pages of a server without a product, and of one whose product sent nothing."""
    with tempfile.TemporaryDirectory() as data:
        made = fleets.world(Path(data), fleets.Fleet(), _written(MANIFEST, words), refusals=[])
        access = access_in_memory("t", open_on_loopback=True)
        app = console_app(made.insight, access, live=_live, kinds=_kinds)
        with browsing(app) as local:
            for path in ("/", "/products/forge", "/products/forge/live", "/account", "/people",
                         "/shares", "/records", "/alerts", "/privacy", "/settings"):  # fmt: skip
                yield f"first{path}", local.get(path).text
        nothing = Catalogue(Path(data) / "nothing")
        insight = Insight(made.store, nothing, made.insight.now, list)
        with browsing(console_app(insight, access)) as local:
            yield "first-none", local.get("/").text
            yield "settings-none", local.get("/settings").text
        made.store.close()


def _live(_: str) -> list[dict]:
    """As the collector keeps what came with the development key."""
    at = datetime.now(UTC).isoformat()
    return [
        {"at": at, "door": "native", "item": "event.x", "outcome": "rejected", "field": "y",
         "reason": Reason.WRONG_TYPE, "found": "z", "expected": "w", "undeclared": {"u": "text"}},
        {"at": at, "door": "native", "outcome": "accepted", "undeclared": {"u": "text"}},
    ]  # fmt: skip


def _kinds(_: str) -> list[dict]:
    at = datetime.now(UTC).isoformat()
    return [{"first": at, "last": at, "door": "native", "item": "event.x", "field": "y",
             "reason": Reason.WRONG_TYPE, "found": "z", "versions": ["1"], "items": 3}]  # fmt: skip

"""What was recorded arrives: when the page closes, when the network is away, when the server is."""

import os
import uuid

import pytest
from tabs import Tab

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CLOSES = int(os.environ.get("CLOSES", "30"))
"""`python -m soak.closes` runs this file with 500."""
WAYS = ("closed by its user", "closed from outside", "left for another page", "left by a link")


def close(tab, way):
    """The page goes, at once."""
    if way == "closed by its user":
        tab.call("Page.close")
    elif way == "closed from outside":
        tab.close()
    elif way == "left for another page":
        tab.call("Page.navigate", url="about:blank")
        tab.close()
    else:
        tab.value("location.href = '/login'")
        tab.close()


def test_the_last_event_before_a_page_closes_arrives(chromium, context, site):
    """At least 99 of 100; each event counts once, however it was sent."""
    for number in range(CLOSES):
        tab = Tab(chromium, context)
        tab.open(f"{site.url}/")
        tab.value("glasshouse.record('report_uploaded', {format: 'json'})")
        close(tab, WAYS[number % len(WAYS)])
        chromium.events.clear()
    enough = CLOSES * 99 / 100

    def arrived():
        return {i["id"] for i in site.items if i["item"] == "event.report_uploaded"}

    site.wait(lambda _: len(arrived()) >= enough, 10)
    site.quiet(2)
    print(f"\nclosed {CLOSES} pages, {len(arrived())} last events arrived")
    assert enough <= len(arrived()) <= CLOSES


def test_offline_waits_within_a_bound_and_goes_out_afterwards(tab, site):
    tab.open(f"{site.url}/")
    site.wait_for_items(1)
    tab.offline(is_offline=True)
    tab.value("for (let n = 0; n < 150; n++) glasshouse.record('setup_step', {step: 'started'})")
    site.quiet()
    assert len(site.items) == 1
    tab.value("glasshouse.record('setup_step', {step: 'finished'})")
    tab.offline(is_offline=False)
    site.wait_for_items(101)
    items = site.quiet()[1:]
    assert len(items) == 100
    assert items[-1]["fields"] == {"step": "finished"}
    assert len({item["id"] for item in items}) == 100
    assert [c for c in tab.complaints if "ERR_INTERNET_DISCONNECTED" not in c] == []


def test_a_busy_server_gets_it_again_under_the_same_id(tab, site):
    site.status = 503
    tab.open(f"{site.url}/")
    site.wait_for_items(1)
    site.quiet(0.5)  # the answer has come too
    site.status = 204
    tab.value("dispatchEvent(new Event('online'))")
    first, second = site.wait_for_items(2)
    assert first["id"] == second["id"]
    assert second["ago"] > first["ago"]
    assert len(site.quiet()) == 2


@pytest.mark.parametrize("status", [400, 401, 404, 410, 413])
def test_what_is_refused_for_good_is_not_sent_again(tab, site, status):
    site.status = status
    tab.open(f"{site.url}/")
    site.wait_for_items(1)
    site.quiet(0.5)
    tab.value("dispatchEvent(new Event('online'))")
    assert len(site.quiet()) == 1


CANARIES = {name: f"canary{uuid.uuid4().hex}" for name in (
    "typed", "password", "label", "title", "query", "fragment", "path", "value", "link", "name",
    "storage", "cookie", "attribute", "console", "meta", "placeholder", "state",
)}  # fmt: skip


def page_of(canaries):
    return f"""
    <h1 id="h">{canaries["label"]}</h1>
    <form id="form" action="/login" method="get" autocomplete="on">
      <label>{canaries["label"]}<input id="typed" name="{canaries["name"]}"
        placeholder="{canaries["placeholder"]}" value="{canaries["value"]}"></label>
      <input id="password" type="password">
      <textarea id="area"></textarea>
      <button id="send" type="button" data-glasshouse="run" name="{canaries["name"]}"
        value="{canaries["value"]}" title="{canaries["title"]}">{canaries["label"]}</button>
    </form>
    <a id="link" href="/nodes/{canaries["link"]}?q={canaries["query"]}#{canaries["fragment"]}"
      data-glasshouse="{canaries["attribute"]}">{canaries["label"]}</a>
    """


def test_a_whole_session_tells_nothing_that_is_on_the_page(tab, site):
    """Every request to where items go, and all that the browser says went there, is searched."""
    site.pages["/setup/:step"] = page_of(CANARIES)
    start = f"/setup/{CANARIES['path']}"
    site.pages[start] = page_of(CANARIES)
    tab.open(f"{site.url}{start}?q={CANARIES['query']}#{CANARIES['fragment']}")
    assert CANARIES["label"] in tab.value("document.body.textContent")
    tab.value(
        f"document.title = '{CANARIES['title']}'; document.cookie = 'c={CANARIES['cookie']}';"
        f"localStorage.k = '{CANARIES['storage']}'; sessionStorage.k = '{CANARIES['storage']}';"
        f"console.log('{CANARIES['console']}');"
        f"history.replaceState({{k: '{CANARIES['state']}'}}, '{CANARIES['title']}')"
    )
    tab.type("#typed", CANARIES["typed"])
    tab.type("#password", CANARIES["password"])
    tab.type("#area", CANARIES["typed"])
    for place in ("typed", "password", "area", "h", "send"):
        tab.click(f"#{place}")
    tab.value(
        f"glasshouse.record('setup_step', {{step: '{CANARIES['typed']}', "
        f"'{CANARIES['name']}': 1, seconds: '{CANARIES['typed']}'}});"
        f"glasshouse.record('{CANARIES['name']}', {{}})"
    )
    tab.click("#link")
    items = site.wait(lambda s: sum(i["item"] == "event.page_view" for i in s.items) == 2)
    assert {item["item"] for item in items} == {
        "event.page_view", "event.click", "event.setup_step",
    }  # fmt: skip
    tab.value("dispatchEvent(new Event('pagehide'))")
    site.quiet()
    told = [r.text() for r in site.requests if r.path.startswith("/glasshouse/")]
    told += [str(r) for r in tab.requests if "/glasshouse/" in r["url"]]
    # A cookie of the page goes to its own server with the script, as with every request there.
    cookie = CANARIES.pop("cookie")
    assert not any(cookie in r.text() for r in site.sent)
    assert len(told) >= 5
    for name, canary in CANARIES.items():
        assert any(canary in text for text in told) is False, name


SHIFTS = """
window.shifts = 0
new PerformanceObserver(l => shifts += l.getEntries().length)
  .observe({type: 'layout-shift', buffered: true})
"""
LONG_TASK = 0.050  # seconds


def test_the_page_is_neither_held_up_nor_moved(tab, asking_site):
    """All that the two files do in a visit with the banner and twenty events is together less than
    one long task. And nothing on the page moves.
    """
    tab.before_pages(SHIFTS)
    asking_site.pages["/"] = '<h1>Console</h1><p id="p">Text</p>' * 50
    tab.open(f"{asking_site.url}/login")
    tab.call("Profiler.enable")
    tab.call("Profiler.start")
    tab.open(f"{asking_site.url}/")
    tab.wait("document.querySelector('glasshouse-banner')")
    tab.value("glasshouse.accept()")
    tab.value("for (let n = 0; n < 20; n++) glasshouse.record('setup_step', {step: 'started'})")
    asking_site.wait_for_items(21)
    profile = tab.call("Profiler.stop")["profile"]
    assert tab.value("window.shifts") == 0
    spent = seconds_in(profile, "/glasshouse/")
    print(f"\n{spent * 1000:.1f} ms in the tracker and the banner")
    assert 0 < spent < LONG_TASK


def seconds_in(profile, where):
    """Time that samples found in scripts of an address, or in what these called."""
    nodes = {node["id"]: node for node in profile["nodes"]}
    parents = {child: n["id"] for n in profile["nodes"] for child in n.get("children", ())}

    def is_ours(number):
        while number is not None:
            if where in nodes[number]["callFrame"]["url"]:
                return True
            number = parents.get(number)
        return False

    samples = zip(profile["samples"], profile["timeDeltas"], strict=True)
    return sum(delta for number, delta in samples if is_ours(number)) / 1e6

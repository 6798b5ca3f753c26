"""How long every page of a product takes at scale, from the click to its main content.

    python -m bench.pages                          1M events
    python -m bench.pages --events 10000000        a few minutes to make, 1 GB of disk
    python -m bench.pages --events 10000000 --directory DIR    made once, kept in DIR

The store is that of `bench.fleet`; the console answers over loopback, to a reader with raw access
(exact answers cost more than suppressed ones only by their record). `first` is the whole page, the
first time that it is asked for by a server just started. Of the next ones the median: `content`
until its first figure has come, `whole` until all of it has. `drawn` is when Chromium had drawn the
largest thing in sight, if it is here. `CPU` is the server's for the whole page, which says more
than time on a machine with other work.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import uvicorn

from bench.fleet import FIRST, LAST_DAY, made
from bench.trackers import _module
from glasshouse.catalogue import Catalogue
from glasshouse.console.app import console_app
from glasshouse.console.pages.arrangements import ARRANGEMENTS
from glasshouse.insight import Insight

WORDS: dict[str, dict[str, str]] = {
    "fleet": {"field": "snapshot.host.cores", "across": "version"},
    "features": {"field": "event.ran.command"},
    "organizations": {"field": "event.ran.command"},
    "organization": {"field": "event.ran.command", "id": "organization-17"},
    "instance": {"id": f"{17 * 0x9E3779B97F4A7C15F39CC0605CEDC835 & (1 << 128) - 1:032x}"},
    "funnels": {"steps": "command=build,command=test,command=deploy"},
    "advisories": {"affected": ">=1.5.0,<1.9.0", "disclosed": "2026-09-01"},
}
PERIODS = ("30d", "90d")
CONTENT = """new Promise(done => {
    new PerformanceObserver(list => done(list.getEntries().at(-1).startTime))
        .observe({type: 'largest-contentful-paint', buffered: true});
    setTimeout(() => done(null), 2000);
})"""


def addresses() -> Iterator[tuple[str, str]]:
    """Every page by its name, with its address."""
    yield "products", "/"
    for period in PERIODS:
        for name in ARRANGEMENTS:
            query = urlencode({"period": period, **WORDS.get(name, {})})
            path = f"/products/bench/{name}".rstrip("/")
            yield f"{name or 'overview'}, {period}", f"{path}?{query}"
    for name in ("live", "dictionary", "disclosure"):
        yield name, f"/products/bench/{name}"


@contextmanager
def serving(app: Any) -> Iterator[str]:
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True


def measure(client: httpx.Client, path: str, times: int) -> dict[str, Any]:
    """Milliseconds of wall time and of CPU, and bytes as they come over the wire."""
    walls, firsts, cpus, size = [], [], [], 0
    for _ in range(times + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        shown = 0.0
        with client.stream("GET", path) as answer:
            for text in answer.iter_text():
                if not shown and ("</figure>" in text or "</section>" in text):
                    shown = (time.perf_counter() - wall) * 1e3
            size = answer.num_bytes_downloaded
        walls.append((time.perf_counter() - wall) * 1e3)
        firsts.append(shown or walls[-1])
        cpus.append((time.process_time() - cpu) * 1e3)
        if answer.status_code != 200:
            raise SystemExit(f"{path} was answered with {answer.status_code}")
    return {
        "first ms": round(walls[0]),
        "content ms": round(statistics.median(firsts[1:])),
        "whole ms": round(statistics.median(walls[1:])),
        "CPU ms": round(statistics.median(cpus[1:])),
        "bytes": size,
    }


def drawn(url: str, paths: dict[str, str]) -> dict[str, float | None]:
    """When Chromium had drawn the largest thing in sight of each page, in ms."""
    if shutil.which("chromium") is None and shutil.which("chromium-browser") is None:
        return {}
    driver = _module("browser", "chromium")
    found: dict[str, float | None] = {}
    with tempfile.TemporaryDirectory() as profile:
        browser = driver.Browser(Path(profile))
        try:
            for name, path in paths.items():
                with driver.opened(browser, 1280, 900, "light") as page:
                    page.open(url + path)
                    found[name] = page.value(CONTENT)
        finally:
            browser.close()
    return found


def run(data: Path, events: int, memory: str, times: int) -> list[dict[str, Any]]:
    store = made(data, events, memory)
    insight = Insight(store, Catalogue(data / "catalogue"), lambda: LAST_DAY, list)
    rows = []
    paths = dict(addresses())
    with serving(console_app(insight, "token", open_on_loopback=True)) as url:
        with httpx.Client(base_url=url, trust_env=False, timeout=120) as client:
            for number, (name, path) in enumerate(paths.items(), 1):
                if sys.stderr.isatty():
                    print(f"\rpage {number} of {len(paths)}", end="", file=sys.stderr)
                rows.append({"page": name, **measure(client, path, times)})
        content = drawn(url, paths)
    store.close()
    return [{**row, "drawn ms": round(content.get(row["page"]) or 0) or None} for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.pages",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--events", type=int, default=FIRST)
    parser.add_argument("--directory", type=Path, help="where to make it; kept if given")
    parser.add_argument("--memory", default="2GB", help="for the store's engine")
    parser.add_argument("--times", type=int, default=3, help="how often each page is asked again")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    data = options.directory or Path(tempfile.mkdtemp())
    data.mkdir(parents=True, exist_ok=True)
    try:
        rows = run(data, options.events, options.memory, options.times)
    finally:
        if options.directory is None:
            shutil.rmtree(data)
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"every page at {options.events:,} events")
    print("  ".join(f"{name:>{22 if name == 'page' else 11}}" for name in rows[0]))
    for row in rows:
        print("  ".join(f"{v if v is not None else '-':>{22 if n == 'page' else 11}}"
                        for n, v in row.items()))  # fmt: skip


if __name__ == "__main__":
    main()

"""Drives a real headless Chromium by the DevTools protocol over a pair of pipes."""

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path


def chromium() -> str:
    """The browser's path. `make test` installs it where it may: tools/chromium.sh."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "these tests drive Chromium, which is not here; run tools/chromium.sh"
    return found


class Browser:
    """One Chromium process."""

    def __init__(self, profile: Path) -> None:
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        # The protocol wants file descriptors 3 and 4; bash moves ours there.
        command = 'in=$1 out=$2; shift 2; exec "$@" 3<&"$in" 4>&"$out"'
        options = [
            "--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--hide-scrollbars",
            "--disable-background-networking", "--disable-component-update", "--no-first-run",
            "--disable-dev-shm-usage", f"--user-data-dir={profile}", "about:blank",
        ]  # fmt: skip
        self._process = subprocess.Popen(
            ["bash", "-c", command, "bash", str(theirs_in), str(theirs_out), chromium(), *options],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._unread = b""
        self._number = 0
        self.events: list[dict] = []

    def call(self, method: str, session: str | None = None, **parameters) -> dict:
        """The result of a command; what happens meanwhile is kept in `events`."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next(60)
            if answer.get("id") == number:
                assert "error" not in answer, answer["error"]
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method: str, session: str) -> None:
        """Until an event of this name has come, from the oldest kept one on."""
        while not any(
            e.get("method") == method and e.get("sessionId") == session for e in self.events
        ):
            self.events.append(self._next(60))

    def settle(self, seconds: float) -> None:
        """Take in what still happens for a while."""
        end = time.monotonic() + seconds
        with contextlib.suppress(TimeoutError):
            while True:
                self.events.append(self._next(max(0.0, end - time.monotonic())))

    def close(self) -> None:
        with contextlib.suppress(OSError, AssertionError, TimeoutError):
            self.call("Browser.close")
        os.close(self._out)
        os.close(self._in)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _next(self, seconds: float) -> dict:
        while b"\0" not in self._unread:
            if not select.select([self._in], [], [], seconds)[0]:
                raise TimeoutError("Chromium said nothing")
            data = os.read(self._in, 1 << 20)
            assert data, "Chromium ended"
            self._unread += data
        message, _, self._unread = self._unread.partition(b"\0")
        return json.loads(message)


class Page:
    """One tab, with all it asked for and all it complained of."""

    def __init__(self, browser: Browser, width: int, height: int, scheme: str) -> None:
        self._browser = browser
        browser.events.clear()
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self._target = target
        self._session = browser.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._call("Emulation.setEmulatedMedia", features=features)

    def open(self, url: str, *, script: bool = True) -> None:
        self._call("Emulation.setScriptExecutionDisabled", value=not script)
        self._browser.events = [
            e for e in self._browser.events if e.get("method") != "Page.loadEventFired"
        ]
        self._call("Page.navigate", url=url)
        self._browser.wait_for("Page.loadEventFired", self._session)
        self._browser.settle(0.3)

    def value(self, expression: str):
        """What a script in the page sees."""
        result = self._call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def move(self, x: float, y: float) -> None:
        self._call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        self._browser.settle(0.2)

    def click(self, selector: str, number: int = 0) -> None:
        """Press the pointer on the middle of an element, and wait for what it leads to."""
        found = json.dumps(selector)
        x, y = self.value(
            f"(e => {{ e.scrollIntoView({{block: 'center', inline: 'nearest'}}); const r = "
            f"e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})"
            f"(document.querySelectorAll({found})[{number}])"
        )
        self.move(x, y)
        for kind in ("mousePressed", "mouseReleased"):
            self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        self._browser.settle(0.5)

    def press(self, key: str) -> None:
        """Press a key, and wait for what it leads to."""
        text = key if len(key) == 1 else ""
        self._call("Input.dispatchKeyEvent", type="keyDown", key=key, text=text)
        self._call("Input.dispatchKeyEvent", type="keyUp", key=key)
        self._browser.settle(0.1)

    def follow(self, selector: str, number: int = 0) -> None:
        """Click on what leads to another page, and wait until that is there."""
        self._leaving(lambda: self.click(selector, number))

    def go(self, key: str) -> None:
        """Press a key that leads to another page, and wait until that is there."""
        self._leaving(lambda: self.press(key))

    def _leaving(self, act: Callable[[], None]) -> None:
        self.value("window.isOld = true; 1")
        act()
        self.wait_until("window.isOld === undefined && document.readyState === 'complete'")

    def wait_until(self, expression: str, seconds: float = 20) -> None:
        """Until a script in the page finds that something is true."""
        end = time.monotonic() + seconds
        while not self.value(expression):
            assert time.monotonic() < end, f"waited for {expression}"
            self._browser.settle(0.2)

    def pdf(self, path: Path) -> bytes:
        """The page as it prints on A4."""
        printed = self._call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(printed["data"]))
        return path.read_bytes()

    def picture(self, path: Path) -> None:
        """The whole page, however long."""
        size = self._call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self._call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    @property
    def complaints(self) -> list[str]:
        """Errors and warnings of the console, and exceptions."""
        found = []
        for event in self._mine():
            facts = event["params"]
            if event["method"] == "Runtime.exceptionThrown":
                found.append(facts["exceptionDetails"]["text"])
            elif event["method"] == "Log.entryAdded":
                found.append(f"{facts['entry']['text']} {facts['entry'].get('url', '')}")
            elif event["method"] == "Runtime.consoleAPICalled":
                found.append(str(facts["args"]))
        return found

    @property
    def requests(self) -> list[str]:
        """Every address that the page asked for; the browser draws date fields with data: ones."""
        return [
            event["params"]["request"]["url"]
            for event in self._mine()
            if event["method"] == "Network.requestWillBeSent"
            and not event["params"]["request"]["url"].startswith("data:")
        ]

    def transferred(self) -> int:
        """Bytes that came over the wire, headers included; what the browser had kept is nothing."""
        return sum(
            int(event["params"]["encodedDataLength"])
            for event in self._mine()
            if event["method"] == "Network.loadingFinished"
        )

    def close(self) -> None:
        self._browser.call("Target.closeTarget", targetId=self._target)

    def _mine(self) -> list[dict]:
        self._browser.settle(0.1)
        return [e for e in self._browser.events if e.get("sessionId") == self._session]

    def _call(self, method: str, **parameters) -> dict:
        return self._browser.call(method, self._session, **parameters)


@contextlib.contextmanager
def opened(browser: Browser, width: int, height: int, scheme: str) -> Iterator[Page]:
    page = Page(browser, width, height, scheme)
    try:
        yield page
    finally:
        page.close()

"""Tabs of a real Chromium, each in a profile of its own, that are used as a person uses them."""

import contextlib
import json
import tempfile
import time
from pathlib import Path

from chromium import Browser


@contextlib.contextmanager
def opened_tab():
    """A tab of a Chromium that ends with the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(Path(profile))
        tab = Tab(browser)
        try:
            yield tab
        finally:
            tab.close()
            browser.close()


class Tab:
    def __init__(self, browser, context=None):
        self.browser = browser
        where = {"browserContextId": context} if context else {}
        target = browser.call("Target.createTarget", url="about:blank", **where)
        self.target = target["targetId"]
        attached = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.size(1500, 900)

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def size(self, width, height):
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, screenWidth=width,
            screenHeight=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    def before_pages(self, script):
        """A script that runs in every page before the page's own."""
        self.call("Page.addScriptToEvaluateOnNewDocument", source=script)

    def open(self, url):
        self._forget("Page.loadEventFired")
        self.call("Page.navigate", url=url)
        self.browser.wait_for("Page.loadEventFired", self.session)

    def back(self):
        entries = self.call("Page.getNavigationHistory")
        before = entries["entries"][entries["currentIndex"] - 1]["id"]
        self.call("Page.navigateToHistoryEntry", entryId=before)
        self.browser.settle(0.5)

    def value(self, expression):
        """What a script in the page sees; a promise is awaited."""
        result = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait(self, expression, seconds=10):
        # Between two pages there is no body, and the expression fails.
        script = f"(() => {{ try {{ return !!({expression}) }} catch {{ return false }} }})()"
        end = time.monotonic() + seconds
        while not self._is_true(script):
            assert time.monotonic() < end, expression
            self.browser.settle(0.05)

    def _is_true(self, script):
        try:
            return self.value(script)
        except AssertionError as error:
            if "navigated or closed" not in str(error):
                raise
            return False  # the page went while it was asked

    def click(self, selector):
        """Where the pointer would: `selector` may be a script that gives an element."""
        found = selector if "(" in selector else f"document.querySelector({json.dumps(selector)})"
        x, y = self.value(
            f"(r => [r.x + r.width / 2, r.y + r.height / 2])(({found}).getBoundingClientRect())"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, selector, text):
        self.value(f"document.querySelector({json.dumps(selector)}).focus()")
        self.call("Input.insertText", text=text)

    def press(self, key, code=None, shift=False):
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32}
        common = {
            "key": key, "code": code or key, "windowsVirtualKeyCode": codes[key],
            "modifiers": 8 if shift else 0,
        }  # fmt: skip
        text = {"Enter": {"text": "\r"}, " ": {"text": " "}}.get(key, {})
        self.call("Input.dispatchKeyEvent", type="keyDown", **common, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def offline(self, *, is_offline):
        self.call(
            "Network.emulateNetworkConditions", offline=is_offline, latency=0,
            downloadThroughput=-1, uploadThroughput=-1,
        )  # fmt: skip

    @property
    def complaints(self):
        """Errors and warnings of the console, exceptions, and breaches of the page's policy."""
        found = []
        self.browser.settle(0.1)
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            facts = event["params"]
            if event["method"] == "Runtime.exceptionThrown":
                found.append(str(facts["exceptionDetails"]))
            elif event["method"] == "Log.entryAdded":
                found.append(f"{facts['entry']['text']} {facts['entry'].get('url', '')}")
            elif event["method"] == "Runtime.consoleAPICalled":
                found.append(str(facts["args"]))
        return [each for each in found if "favicon.ico" not in each]

    @property
    def requests(self):
        """Every request that the page made, as the browser tells it."""
        self.browser.settle(0.1)
        return [
            event["params"]["request"]
            for event in self.browser.events
            if event.get("sessionId") == self.session
            and event["method"] == "Network.requestWillBeSent"
        ]

    def close(self):
        with contextlib.suppress(AssertionError):
            self.browser.call("Target.closeTarget", targetId=self.target)

    def _forget(self, method):
        self.browser.events = [e for e in self.browser.events if e.get("method") != method]

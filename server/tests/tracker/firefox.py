"""Drives a real headless Firefox by its Marionette protocol: lengths and JSON over a socket."""

import contextlib
import json
import shutil
import socket
import subprocess
import time
from pathlib import Path

QUIET = {
    "app.normandy.enabled": False,
    "app.update.auto": False,
    "browser.newtabpage.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.disable_open_during_load": False,
    "extensions.getAddons.cache.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "services.settings.server": "http://127.0.0.1:9/",
    "toolkit.telemetry.enabled": False,
}


def firefox():
    """Its path, or None: Debian calls the long-supported one firefox-esr."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


class Firefox:
    """One process with a profile of its own; `preferences` are laid over the quiet ones."""

    def __init__(self, profile: Path, **preferences):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        settings = {**QUIET, "marionette.port": port, **preferences}
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in settings.items()]
        (profile / "user.js").write_text("\n".join(lines))
        self._process = subprocess.Popen(
            [firefox(), "--headless", "--marionette", "--no-remote", "--profile", str(profile)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"HOME": str(profile), "PATH": "/usr/bin:/bin", "MOZ_DISABLE_CONTENT_SANDBOX": "1"},
        )
        self._number = 0
        self._socket = self._connected(port)
        self._unread = b""
        assert self._next()["applicationType"] == "gecko"
        self.call("WebDriver:NewSession", {"capabilities": {}})

    def call(self, command, parameters=None):
        self._number += 1
        text = json.dumps([0, self._number, command, parameters or {}]).encode()
        self._socket.sendall(b"%d:%s" % (len(text), text))
        _, number, error, result = self._next()
        assert number == self._number
        assert error is None, error
        return result.get("value", result) if isinstance(result, dict) else result

    def open(self, url):
        self.call("WebDriver:Navigate", {"url": url})

    def value(self, expression):
        """What a script in the page sees."""
        script = {"script": f"return ({expression})", "args": [], "sandbox": None}
        return self.call("WebDriver:ExecuteScript", script)

    def click(self, selector):
        found = self.call("WebDriver:FindElement", {"using": "css selector", "value": selector})
        self.call("WebDriver:ElementClick", {"id": next(iter(found.values()))})

    def new_tab(self):
        handle = self.call("WebDriver:NewWindow", {"type": "tab", "focus": True})["handle"]
        self.call("WebDriver:SwitchToWindow", {"handle": handle, "focus": True})

    def close_tab(self):
        """Close this one and go on in another."""
        self.call("WebDriver:CloseWindow")
        (handle, *_) = self.call("WebDriver:GetWindowHandles")
        self.call("WebDriver:SwitchToWindow", {"handle": handle, "focus": True})

    def close(self):
        with contextlib.suppress(OSError, AssertionError):
            self.call("Marionette:Quit", {"flags": ["eForceQuit"]})
        self._socket.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _connected(self, port):
        end = time.monotonic() + 60
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), 60)
            except OSError:
                assert time.monotonic() < end, "Firefox did not start"
                assert self._process.poll() is None, "Firefox ended"
                time.sleep(0.1)

    def _next(self):
        while b":" not in self._unread:
            self._receive()
        length, _, self._unread = self._unread.partition(b":")
        while len(self._unread) < int(length):
            self._receive()
        message, self._unread = self._unread[: int(length)], self._unread[int(length) :]
        return json.loads(message)

    def _receive(self):
        data = self._socket.recv(1 << 16)
        assert data, "Firefox ended"
        self._unread += data

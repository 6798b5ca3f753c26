"""A site to test with: an installation, its services as processes, and a PuppetDB.

PuppetDB is a server with answers of the real one, recorded by `make test-puppet`; or, in that run,
the real one itself.
"""

import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path

from bench.server import free_port
from puppet_enterprise.classifier import INFRASTRUCTURE, Classifier
from puppet_enterprise.deployment import read_deployment

HOME = Path(__file__).parents[1]
RECORDED = Path(__file__).with_name("recorded.json")
CLOSED = "http://127.0.0.1:9"
MASTER, CONSOLE = "canary-master.example.com", "canary-console.example.com"
UUID = "0b8f3a52-1c1d-4a7e-8f55-3d1d0c9a7b11"
LICENSE = f"""#######################
#  Begin License File #
#######################
# PUPPET ENTERPRISE LICENSE - canary
uuid: "{UUID}"
to: "Canary Corporation"
nodes: 500
end: 2027-12-31
"""
MONOLITHIC = f"""{{
  "console_admin_password": "canary-password"
  "puppet_enterprise::puppet_master_host": "{MASTER}"
  # edited in text mode
}}
"""
SPLIT = MONOLITHIC.replace("}\n", f'  "puppet_enterprise::console_host": "{CONSOLE}"\n}}\n')
OFF = '  "puppet_enterprise::send_analytics_data": false\n'
NO_CHECK = '  "puppet_enterprise::profile::master::check_for_updates": false\n'
AIO = {"puppetversion": "4.8.1", "aio_agent_version": "1.8.1"}
# What agents have told PuppetDB, by certificate name; the last node is deactivated.
FACTS = {
    "canary-a.example.com": {"os": {"name": "Debian"}, "puppetversion": "7.23.0"},
    "canary-b.example.com": {"os": {"name": "CentOS"}, **AIO},
    "canary-c.example.com": {"os": {"name": "CentOS"}, **AIO},
    "canary-d.example.com": {"os": {"name": "windows"}, **AIO, "aio_agent_version": "1.8.2"},
    "canary-e.example.com": {"os": {"name": "Canarix"}, **AIO},
    "canary-gone.example.com": {"os": {"name": "Solaris"}, **AIO},
}
COUNTED = {
    "nodes": 5,
    "agent_os": {"CentOS": 2, "Debian": 1, "other": 1, "windows": 1},
    "agent_versions": {"1.8.1": 3, "1.8.2": 1, "7.23.0": 1},
}


def with_line(pe_conf, line):
    """As an administrator edits it, before the installation goes on."""
    return pe_conf.replace("  # edited in text mode\n", line)


def set_parameter(site, value="false", name="send_analytics_data", owner="puppet_enterprise"):
    """As the console keeps it; `test_puppet_console.py` does it in the console."""
    console = read_deployment(site.directory).console
    Classifier(console.classifier).set_parameter(INFRASTRUCTURE, owner, name, value)


def environment(**more):
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **more}


def pe(*words, code=0):
    """`pe.py`, to its end: what it printed."""
    done = subprocess.run(
        [sys.executable, HOME / "pe.py", *words], env=environment(), capture_output=True,
        text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stderr


class Site:
    """An installation below a directory. `settings` are the options of its services."""

    def __init__(self, directory, *, pe_conf=MONOLITHIC, version="2016.5.2", **settings):
        self.directory = directory / "site"
        self.settings = settings
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "pe.conf").write_text(pe_conf)
        (directory / "license.key").write_text(LICENSE)
        pe("install", "--deployment", self.directory, "--pe-conf", directory / "pe.conf",
           "--license", directory / "license.key", "--version", version)  # fmt: skip

    def root(self, certname):
        return self.directory / "nodes" / certname

    def files(self, below):
        """What is there below a node's directory, of the telemetry and whatever it has made."""
        found = (self.root(below) / "opt/puppetlabs/server/data/analytics").rglob("*")
        return sorted(path.name for path in found if path.is_file())

    def bodies(self, certname):
        """What has left a master, byte for byte."""
        analytics = self.root(certname) / "opt/puppetlabs/server/data/analytics"
        return [path.read_bytes() for path in sorted(analytics.rglob("history/*.body"))]

    def server(self, *more, **variables):
        words = ["--deployment", self.directory]
        for name, value in self.settings.items():
            words += [f"--{name}", value]
        return Service("pe_puppetserver.py", [*words, *more], variables)

    def once(self, *more, **variables):
        """What a start of the server said, which ends after its first check-in."""
        with self.server("--once", *more, **variables) as server:
            return server.said()

    def console(self, **variables):
        port = free_port()
        words = ["--deployment", self.directory, "--port", str(port), "--collector",
                 self.settings.get("endpoint", CLOSED)]  # fmt: skip
        return Service("pe_console.py", words, variables, f"http://127.0.0.1:{port}")

    def job_run(self, *certnames):
        return pe("job", "run", "--nodes", ",".join(certnames), "--deployment", self.directory)

    def reload(self, service, certname):
        pe("service", service, "reload", "--node", certname, "--deployment", self.directory)


class Service:
    """A service as a process; its lines are read as they come."""

    def __init__(self, program, words, variables, url=""):
        self.url = url
        self._process = subprocess.Popen(
            [sys.executable, HOME / program, *words], env=environment(**variables),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self):
        if self.url:
            self._process.stdout.readline()
            wait_for(self.url)
        return self

    def __exit__(self, *_):
        self._process.send_signal(signal.SIGTERM)
        self.errors = self._process.communicate(timeout=60)[1]

    def ended(self):
        """The exit code of a service that ends by itself."""
        return self._process.wait(60)

    def said(self):
        """The next line, decoded."""
        line = self._process.stdout.readline()
        assert line, self._process.stderr.read()
        return json.loads(line)


def wait_for(url):
    address = urllib.parse.urlsplit(url)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            socket.create_connection((address.hostname, address.port), 5).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"{url} does not answer")


class RecordedPuppetDb:
    """Answers the recorded queries, and no other, as PuppetDB 7.12.1 did."""

    def __init__(self):
        answers = {json.dumps(e["query"]): e["answer"] for e in json.loads(RECORDED.read_text())}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(url.query)).get("query", "")
                answer = answers.get(query) if url.path == "/pdb/query/v4" else None
                body = json.dumps(answer).encode()
                self.send_response(400 if answer is None else 200)
                self.send_header("Content-Type", "application/json;charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

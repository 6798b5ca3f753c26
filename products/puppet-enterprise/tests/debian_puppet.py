"""Debian's PostgreSQL, PuppetDB and Puppet Server, each in a directory and on a port of its own.

`make test-puppet` installs the packages. Nothing of the machine's own configuration is used.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

IS_REAL = os.environ.get("PUPPET") == "real"
PUPPETDB = Path("/usr/share/puppetdb/puppetdb.jar")
PUPPETSERVER = Path("/usr/share/puppetserver/puppetserver.jar")
STARTS = 600  # seconds that a Java server may take to start on a busy machine
DATABASE = """[database]
subname = //localhost:{port}/puppetdb
username = puppetdb
password = puppetdb
"""
JETTY = "[jetty]\nhost = 127.0.0.1\nport = {port}\n"
GLOBAL = """[global]
vardir = {vardir}
[puppetdb]
disable-update-checking = {quiet}
[developer]
pretty-print = false
"""


def missing():
    """What is not installed; empty if everything is."""
    postgres = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = {"postgresql": bool(postgres), "puppetdb": PUPPETDB.exists(),
             "puppetserver": PUPPETSERVER.exists(), "java": bool(shutil.which("java")),
             "a way to step down from root": bool(shutil.which("runuser"))}  # fmt: skip
    return ", ".join(name for name, is_there in found.items() if not is_there)


class Postgres:
    """A cluster of its own. The server refuses to run as root, and its user cannot enter the
    directories of tests.
    """

    def __init__(self, port):
        self.port = port
        self._directory = tempfile.TemporaryDirectory(prefix="puppetdb-postgres-")
        directory = Path(self._directory.name)
        self._data = directory / "data"
        self._bin = max(Path("/usr/lib/postgresql").glob("*/bin"))
        directory.chmod(0o755)
        self._data.mkdir()
        shutil.chown(self._data, "postgres", "postgres")
        self._as_postgres("initdb", "-D", self._data, "-A", "trust", "-N", "-E", "UTF8")
        options = f"-p {port} -k {self._data} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._as_postgres("pg_ctl", "-D", self._data, "-o", options, "-l",
                          self._data / "log", "-w", "start")  # fmt: skip
        for line in ("create role puppetdb login password 'puppetdb'",
                     "create database puppetdb owner puppetdb encoding 'UTF8'"):  # fmt: skip
            self._sql("postgres", line)
        self._sql("puppetdb", "create extension pg_trgm")

    def stop(self):
        self._as_postgres("pg_ctl", "-D", self._data, "-m", "immediate", "stop")
        self._directory.cleanup()

    def _sql(self, database, line):
        self._as_postgres(
            "psql", "-h", "127.0.0.1", "-p", str(self.port), "-d", database, "-c", line
        )

    def _as_postgres(self, program, *words):
        command = ["runuser", "-u", "postgres", "--", self._bin / program, *words]
        done = subprocess.run(command, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=120)  # fmt: skip
        assert done.returncode == 0, done.stdout


class JavaServer:
    """A process that is ready when one of its addresses answers."""

    def __init__(self, command, log, ready, **more):
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **more
            )
        self._log = log
        end = time.monotonic() + STARTS
        while not ready():
            ended = self._process.poll()
            assert ended is None, f"ended with {ended}: {self.log()[-3000:]}"
            assert time.monotonic() < end, f"not ready after {STARTS} s: {self.log()[-3000:]}"
            time.sleep(0.5)

    def log(self):
        return self._log.read_text(errors="replace")

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(20)


class PuppetDb:
    """Takes facts by its command interface, as from a master, and answers queries."""

    def __init__(self, directory, port, database_port):
        self.url = f"http://127.0.0.1:{port}"
        home = directory / "puppetdb"
        conf = home / "conf.d"
        conf.mkdir(parents=True)
        (home / "var").mkdir()
        (conf / "database.ini").write_text(DATABASE.format(port=database_port))
        (conf / "jetty.ini").write_text(JETTY.format(port=port))
        (conf / "config.ini").write_text(GLOBAL.format(vardir=home / "var", quiet="true"))
        (conf / "auth.conf").write_text(Path("/etc/puppetdb/conf.d/auth.conf").read_text())
        command = [
            "java", "-Xmx192m", "-XX:TieredStopAtLevel=1", "-cp", PUPPETDB, "clojure.main", "-m",
            "puppetlabs.puppetdb.core", "services", "-c", conf, "-b", "/etc/puppetdb/bootstrap.cfg",
        ]  # fmt: skip
        self._server = JavaServer(command, home / "log", self._is_ready)

    def facts(self, certname, facts):
        """As a master tells it after a run of this node's agent."""
        now = datetime.now(UTC).isoformat()
        told = {"certname": certname, "environment": "production", "values": facts,
                "producer_timestamp": now, "producer": "master.example.com"}  # fmt: skip
        self._command("replace_facts", 5, certname, told)

    def deactivate(self, certname):
        told = {"certname": certname, "producer_timestamp": datetime.now(UTC).isoformat()}
        self._command("deactivate_node", 3, certname, told)

    def _command(self, name, version, certname, told):
        address = (f"{self.url}/pdb/cmd/v1?command={name}&version={version}&certname={certname}"
                   "&secondsToWaitForCompletion=60")  # fmt: skip
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(address, json.dumps(told).encode(), headers)
        with urllib.request.urlopen(request, timeout=90) as answer:
            assert json.load(answer)["processed"] is True

    def _is_ready(self):
        try:
            with urllib.request.urlopen(f"{self.url}/status/v1/simple", timeout=5) as answer:
                return answer.read() == b"running"
        except OSError:
            return False

    def stop(self):
        self._server.stop()


PUPPET_CONF = """[main]
certname = {certname}
ssldir = {home}/ssl
vardir = {home}/var
[server]
cadir = {home}/ca
"""
SERVER_CONF = """
global: {{ logging-config: {home}/logback.xml }}
webserver: {{ client-auth: want, ssl-host: 127.0.0.1, ssl-port: {port} }}
product: {{
  check-for-updates: true
  update-server-url: "{updates}"
  name: {{ group-id: "puppetlabs.packages", artifact-id: "pe-master" }}
}}
jruby-puppet: {{
  ruby-load-path: [/usr/lib/puppetserver/ruby/vendor_ruby]
  gem-home: {home}/gems
  gem-path: ["{home}/gems", "/usr/lib/puppetserver/vendored-jruby-gems"]
  server-conf-dir: {home}/puppet
  server-code-dir: {home}/code
  server-var-dir: {home}/var
  server-run-dir: {home}/run
  server-log-dir: {home}/log
  max-active-instances: 1
}}
"""
LOGBACK = """<configuration><appender name="out" class="ch.qos.logback.core.ConsoleAppender">
<encoder><pattern>%-5p [%c] %m%n</pattern></encoder></appender>
<root level="info"><appender-ref ref="out"/></root></configuration>
"""
READY = "Puppet Server has successfully started"


class PuppetServer:
    """With a certificate authority of its own, and a check for updates as PE's server makes it."""

    def __init__(self, directory, port, updates):
        home = directory / "puppetserver"
        for name in ("conf.d", "puppet", "code", "var", "run", "log", "gems"):
            (home / name).mkdir(parents=True)
        for name in ("auth", "ca", "metrics", "web-routes"):
            shutil.copy(f"/etc/puppet/puppetserver/conf.d/{name}.conf", home / "conf.d")
        conf = SERVER_CONF.format(home=home, port=port, updates=updates)
        (home / "conf.d" / "server.conf").write_text(conf)
        text = PUPPET_CONF.format(home=home, certname="master.example.com")
        (home / "puppet" / "puppet.conf").write_text(text)
        (home / "logback.xml").write_text(LOGBACK)
        self.ca_certificate = home / "ssl" / "certs" / "ca.pem"
        command = [
            "java", "-Xmx768m", "-XX:TieredStopAtLevel=1",
            "-Djruby.logger.class=com.puppetlabs.jruby_utils.jruby.Slf4jLogger",
            "-cp", PUPPETSERVER, "clojure.main", "-m", "puppetlabs.trapperkeeper.main",
            "--config", home / "conf.d", "-b", "/etc/puppet/puppetserver/services.d",
        ]  # fmt: skip
        self._log = home / "output"
        self._server = JavaServer(command, self._log, lambda: READY in self.log(), cwd=home)

    def log(self):
        return self._log.read_text(errors="replace")

    def stop(self):
        self._server.stop()

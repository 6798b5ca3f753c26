"""The daily metrics: a database process, the files that it leaves, and the real agent."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from glasshouse_sdk.manifest import compiled_text, compose, parse_manifest

HOME = Path(__file__).parents[1]
INSTANCE = "6aef422e-56a7-4530-af9d-94cc02198343"
DAY = 86_400
AGENT = Path(sys.executable).with_name("glasshouse-agent")
LOOKS = 0.7  # seconds after its start in which a database has looked at the clock


class Host:
    """A host with the manifest of the package, and a place for files of the agent."""

    def __init__(self, base, endpoint):
        self.base = base
        self.products, self.drop, self.dbpath = base / "products", base / "drop", base / "db"
        for directory in (self.products, self.drop / "psmdb", self.dbpath):
            directory.mkdir(parents=True)
        raw = compose(HOME / "manifest.toml")
        raw.raw["product"]["endpoint"] = endpoint
        (self.products / "psmdb.json").write_text(compiled_text(parse_manifest(raw.text)))
        (self.products / "psmdb.instance").write_text(INSTANCE + "\n")

    def environment(self, **more):
        return {"PATH": os.environ["PATH"], "HOME": str(self.base), **more}

    def database(self, *words, check=True, **environ):
        """Runs one for a while; it prints nothing, and ends well when it is told to."""
        command = [
            sys.executable, HOME / "mongod" / "mongod.py", "--dbpath", self.dbpath,
            "--manifest", self.products / "psmdb.json", "--installation", self.products,
            "--drop", self.drop / "psmdb", *words,
        ]  # fmt: skip
        before = time.time_ns()
        process = subprocess.Popen(
            command, env=self.environment(**environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        wait_for_new(self.dbpath / "psmdb_telemetry.json", before)
        time.sleep(LOOKS)
        process.terminate()
        assert process.communicate(timeout=20) == (b"", b"")
        assert process.returncode == 0
        return self.files() if check else None

    def a_day_later(self, *words, days=1, **environ):
        """As if the database had last looked so many days before."""
        kept = self.schedule()
        kept["next"] -= days * DAY
        kept["files"] = [self.older(name, days) for name in kept["files"]]
        (self.dbpath / "psmdb_telemetry.json").write_text(json.dumps(kept))
        return self.database(*words, **environ)

    def older(self, name, days):
        at, _, rest = name.partition("-")
        new = f"{int(at) - days * DAY}-{rest}"
        if (self.drop / "psmdb" / name).exists():
            (self.drop / "psmdb" / name).rename(self.drop / "psmdb" / new)
        return new

    def schedule(self):
        return json.loads((self.dbpath / "psmdb_telemetry.json").read_text())

    def files(self):
        return sorted(path.name for path in (self.drop / "psmdb").iterdir())

    def agent(self, **environ):
        places = {name: self.base / name for name in ("products", "drop", "state", "policy")}
        options = [word for name, path in places.items() for word in (f"--{name}", path)]
        done = subprocess.run(
            [AGENT, *options, "--once", "--json"],
            env=self.environment(**environ), capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.stderr == ""
        return json.loads(done.stdout)

    def sdk(self, *words):
        return subprocess.run(
            [sys.executable, "-m", "glasshouse_sdk", "--manifest", self.products / "psmdb.json",
             "--state", self.base / "state" / "psmdb", *words],
            env=self.environment(), capture_output=True, text=True, timeout=60, check=True,
        ).stdout  # fmt: skip


def wait_for_new(path, moment):
    """Until a file is newer than that."""
    end = time.monotonic() + 30
    while not path.exists() or path.stat().st_mtime_ns < moment:
        assert time.monotonic() < end, f"{path} was not written"
        time.sleep(0.05)


@pytest.fixture
def host(tmp_path, collector):
    return Host(tmp_path, collector.url)


def reports(collector):
    return [report for _, _, body in collector.received for report in json.loads(body)["reports"]]


def test_a_database_waits_24_hours_once_and_then_tells_once_a_day(host):
    begun = time.time()
    assert host.database() == []
    first = host.schedule()
    assert begun + DAY - 2 <= first["next"] <= time.time() + DAY
    assert host.database() == [], "a restart does not tell sooner"
    assert host.schedule() == first, "nor later"
    (file,) = host.a_day_later()
    assert re.fullmatch(r"\d{10}-[0-9a-f]{24}\.json", file)
    assert host.database() == [file], "nor again"
    assert len(host.a_day_later(days=2)) == 2, "days on which it did not run are not made up for"


def test_a_metric_file_that_nobody_takes_is_removed_after_seven_days(host):
    host.database()
    host.a_day_later()
    assert len(host.a_day_later(days=6)) == 2
    left = host.a_day_later(days=2)
    assert len(left) == 2, "the one of six days ago and today's"
    assert all(int(name[:10]) > time.time() - 7 * DAY for name in left)
    assert len(host.schedule()["files"]) == 2


def test_the_agent_sends_it_as_the_same_host_and_keeps_seven_days_of_it(host, collector):
    host.database()
    (file,) = host.a_day_later("--shardsvr")
    written = json.loads((host.drop / "psmdb" / file).read_text())["fields"]
    assert host.agent()["sent"] == "acknowledged"
    assert host.files() == []
    ((path, _, body),) = collector.received
    assert path == "/v1/telemetry/GenericReport"
    assert list(json.loads(body)) == ["reports"]
    (report,) = reports(collector)
    assert report["instanceId"] == INSTANCE
    told = {metric["key"]: metric["value"] for metric in report["metrics"]}
    assert told.pop("db_instance_id") != written.pop("db_instance_id")
    assert told == {k: str(int(v)) if isinstance(v, bool) else str(v) for k, v in written.items()}
    assert told["shard_svr"] == "1"
    assert INSTANCE in host.sdk("history", "--json")
    for attempts in host.base.glob("state/psmdb/history/*.attempts"):
        lines = [json.loads(line) for line in attempts.read_text().splitlines()]
        old = [{**line, "at": line["at"] - 7 * DAY - 60} for line in lines]
        attempts.write_text("".join(json.dumps(line) + "\n" for line in old))
    host.a_day_later()
    (host.base / "state" / "psmdb" / "delivery.json").unlink()  # it sends once a minute at most
    host.agent()
    kept = json.loads(host.sdk("history", "--json"))
    assert len(reports(collector)) == 2
    assert len(kept) == 1, "the newer one"


def test_a_router_tells_less(host):
    host.database("--source", "mongos")
    (file,) = host.a_day_later("--source", "mongos")
    fields = json.loads((host.drop / "psmdb" / file).read_text())["fields"]
    assert set(fields) == {"source", "pillar_version", "db_instance_id", "deployment", "uptime"}


def test_pc05_who_agreed_to_the_installation_s_report_alone_sends_none_of_the_daily_metrics(
    host, collector
):
    (host.base / "state" / "psmdb").mkdir(parents=True)
    agreed = {"says": "on", "at": "2025-01-01T00:00:00Z", "by": "a person", "version": 1}
    (host.base / "state" / "psmdb" / "answer.json").write_text(json.dumps({"*": agreed}))
    host.database()
    host.a_day_later()
    host.agent()
    assert collector.received == []
    host.sdk("on")
    host.a_day_later()
    host.agent()
    assert len(reports(collector)) == 1


@pytest.mark.parametrize("how", [
    {"PERCONA_TELEMETRY_DISABLE": "1"},
    {"PERCONA_TELEMETRY_DISABLE": "yes"},
    {"DO_NOT_TRACK": "1"},
    {"words": ("--setParameter", "perconaTelemetry=false")},
    {"refused": True},
])  # fmt: skip
def test_pc22_a_database_that_is_refused_writes_no_file(host, how):
    words = how.pop("words", ())
    if how.pop("refused", False):
        (host.products / "psmdb.refused").write_text("")
    host.database(*words, **how)
    assert host.a_day_later(*words, **how) == []


def test_pc22_the_variable_reaches_the_agent_too(host, collector):
    host.database()
    host.a_day_later()
    assert host.agent(PERCONA_TELEMETRY_DISABLE="yes")["discarded"] == 1
    assert host.a_day_later() == [], "and from there the database"
    host.agent()
    assert collector.received == []


def test_without_an_agent_there_is_no_place_for_it_and_that_is_all(host):
    (host.drop / "psmdb").rmdir()
    host.database("--setParameter", "perconaTelemetryGracePeriod=0", check=False)
    assert not (host.drop / "psmdb").exists(), "it is not the database's to make"
    assert host.schedule()["next"] > time.time() + DAY - 60


def carries_metrics(version):
    spec = importlib.util.spec_from_file_location("psmdb_metrics", HOME / "mongod" / "metrics.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.carries_metrics(version)


@pytest.mark.parametrize(("version", "carries"), [
    ("4.4.26-25", False), ("5.0.29-25", False), ("6.0.16-12", False), ("6.0.16-13", True),
    ("7.0.12-6", False), ("7.0.12-7", True), ("8.0.4-1", True), ("10.0.1-1", True), ("8.0", False),
])  # fmt: skip
def test_versions_before_the_first_with_daily_metrics_write_none(version, carries):
    assert carries_metrics(version) is carries

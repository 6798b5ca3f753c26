"""The agent: files of any program become items, poison goes aside, off is off, nothing doubles."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

BUILD = Path(__file__).parents[2] / "packaging" / "build_agent.py"

TOKEN = "ghp_" + "aB3" * 12


@pytest.fixture
def agent(tmp_path, manifest_with, collector):
    """A machine with one product: leave files in `drop`, call `run`."""
    return Machine(tmp_path, manifest_with, collector)


class Machine:
    def __init__(self, base, manifest_with, collector):
        self.base = base
        self.products = base / "products"
        self.products.mkdir()
        self.drop = base / "drop" / "acme"
        self.drop.mkdir(parents=True)
        manifest = manifest_with(("http://127.0.0.1:9", collector.url))
        shutil.copy(manifest, self.products / "acme.json")
        (self.products / "acme.key").write_text("write-key\n")
        self.program = [sys.executable, "-m", "glasshouse_sdk.agent.main"]

    def command(self, *words):
        places = ("products", "drop", "state", "policy")
        options = [w for place in places for w in (f"--{place}", str(self.base / place))]
        return [*self.program, *options, "--json", *words]

    def environment(self, **more):
        return {"PATH": os.environ["PATH"], **more}

    def run(self, *words, code=0, **environ):
        done = subprocess.run(
            self.command("--once", *words), capture_output=True, text=True, timeout=60,
            env=self.environment(**environ),
        )  # fmt: skip
        assert done.returncode == code, (done.stdout, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def why(self):
        """What the owner is told who asks without naming any other place."""
        command = [
            sys.executable,
            "-m",
            "glasshouse_sdk",
            "--manifest",
            self.products / "acme.json",
        ]
        return subprocess.run(
            [*command, "--state", self.base / "state" / "acme", "why"],
            env=self.environment(), capture_output=True, text=True, timeout=60,
        ).stdout  # fmt: skip

    def leave(self, name, *items):
        text = "".join(json.dumps(item) + "\n" for item in items)
        (self.drop / ".new").write_text(text)
        (self.drop / ".new").rename(self.drop / name)


def done(count):
    return {"item": "event.done", "fields": {"count": count}}


def test_files_become_items_and_are_gone(agent, collector):
    agent.leave("1.json", done(1), {"item": "snapshot.host", "fields": {"cores": 2}})
    agent.leave("2.json", done(3))
    (agent.drop / ".half.json").write_text("{")
    (agent.drop / "notes.txt").write_text("not for the agent")
    os.utime(agent.drop / "1.json", (1_790_000_000, 1_790_000_000))
    (report,) = agent.run()
    assert (report["taken"], report["sent"], report["problem"]) == (3, "acknowledged", "")
    assert [item["fields"] for item in collector.items] == [
        {"count": 1},
        {"cores": 2},
        {"count": 3},
    ]
    assert collector.items[0]["at"].startswith("2026-09-21T")  # when it was written, not taken
    assert collector.requests[0]["headers"]["Authorization"] == "Bearer write-key"
    assert sorted(path.name for path in agent.drop.iterdir()) == [".half.json", "notes.txt"]


def test_a_poisoned_file_goes_to_quarantine_whole_with_its_reason(agent, collector):
    poison = {
        "field.json": json.dumps(done(1)) + '\n{"item": "event.done", "fields": {"secret": "ann"}}',
        "item.json": '{"item": "event.other"}',
        "none.json": "{",
        "extra.json": '{"item": "event.done", "user": "ann"}',
        "list.json": "[]",
        "personal.json": json.dumps({"item": "event.done", "fields": {"runtime": TOKEN}}),
        "large.json": "x" * 1_000_001,
    }  # fmt: skip
    for name, text in poison.items():
        (agent.drop / name).write_text(text)
    (agent.drop / "link.json").symlink_to("/etc/hostname")
    os.mkfifo(agent.drop / "pipe.json")
    agent.leave("good.json", done(7))
    (report,) = agent.run(code=1)
    names = {*poison, "link.json", "pipe.json"}
    assert set(report["quarantined"]) == names
    assert "undeclared_field" in report["quarantined"]["field.json"]
    assert [item["fields"] for item in collector.items] == [{"count": 7}]
    quarantine = agent.drop / ".quarantine"
    assert {path.name for path in quarantine.iterdir()} == names | {f"{n}.why" for n in names}
    (report,) = agent.run()
    assert report["quarantined"] == {}


@pytest.mark.parametrize("how", ["environment", "policy", "answer"])
def test_off_removes_the_files_unread_and_sends_nothing(agent, collector, how):
    environ = {}
    if how == "environment":
        environ["DO_NOT_TRACK"] = "1"
    elif how == "policy":
        (agent.base / "policy").mkdir()
        (agent.base / "policy" / "all.conf").write_text("* = off")
    else:
        words = ["--manifest", agent.products / "acme.json", "--state", agent.base / "state/acme"]
        subprocess.run(
            [sys.executable, "-m", "glasshouse_sdk", *words, "off"], check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
    agent.leave("1.json", done(1))
    (report,) = agent.run(**environ)
    assert (report["taken"], report["discarded"], collector.requests) == (0, 1, [])
    assert list(agent.drop.iterdir()) == []


def test_a_file_met_again_is_counted_once(agent, collector):
    """As if the agent was ended between recording and removing."""
    agent.leave("1.json", done(1), done(2))
    kept = (agent.drop / "1.json").read_bytes()
    facts = (agent.drop / "1.json").stat()
    agent.run()
    (agent.drop / "1.json").write_bytes(kept)
    os.utime(agent.drop / "1.json", ns=(facts.st_mtime_ns, facts.st_mtime_ns))
    (agent.base / "state/acme/delivery.json").unlink()  # no pause for this test
    agent.run()
    ids = [item["id"] for item in collector.items]
    assert len(ids) == 4
    assert len(set(ids)) == 2


def test_a_collector_that_is_down_costs_nothing_and_the_pause_is_kept(agent, collector):
    collector.mode = "503"
    agent.leave("1.json", done(1))
    (report,) = agent.run(code=1)
    assert (report["sent"], report["problem"]) == ("waiting", "answered 503 busy")
    collector.mode = "ok"
    (report,) = agent.run()
    assert (report["sent"], len(collector.requests)) == ("", 1)  # Retry-After was an hour


def test_the_service_goes_on_and_stops_when_told(agent, collector, eventually):
    process = subprocess.Popen(
        agent.command("--every", "0.2"), env=agent.environment(), stdout=subprocess.PIPE, text=True
    )
    try:
        agent.leave("1.json", done(1))
        eventually(lambda: collector.items)
        agent.leave("2.json", done(2))
        eventually(lambda: not list(agent.drop.glob("*.json")))
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert sum(json.loads(line)["taken"] for line in output.splitlines()) == 2


def test_wrong_places_and_manifests_are_told(agent):
    (agent.products / "broken.json").write_text("{")
    reports = agent.run(code=1)
    assert [report["slug"] for report in reports] == ["acme", "broken"]
    assert "JSON" in reports[1]["problem"]
    shutil.rmtree(agent.products)
    done = subprocess.run(agent.command("--once"), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "expected a directory" in done.stderr


def test_the_zipapp_and_the_package_run_without_anything_installed(agent, collector, tmp_path):
    subprocess.run(
        [sys.executable, BUILD, tmp_path / "dist"], check=True, stdout=subprocess.DEVNULL
    )
    program = tmp_path / "dist" / "glasshouse-agent.pyz"
    if shutil.which("dpkg-deb"):
        (package,) = (tmp_path / "dist").glob("*.deb")
        subprocess.run(["dpkg-deb", "--extract", package, tmp_path / "root"], check=True)
        assert (tmp_path / "root/lib/systemd/system/glasshouse-agent.service").exists()
        program = tmp_path / "root/usr/bin/glasshouse-agent"
    agent.program = [sys.executable, "-I", "-S", str(program)]
    agent.leave("1.json", done(1))
    (report,) = agent.run()
    assert report["sent"] == "acknowledged", report
    assert len(collector.items) == 1


def test_a_refusal_at_the_installation_lies_beside_the_manifest_and_holds(agent, collector):
    agent.leave("1.json", done(1))
    (agent.products / "acme.refused").write_text("ACME_TELEMETRY said off on 2026-11-22\n")
    (report,) = agent.run()
    assert (report["discarded"], report["taken"], collector.requests) == (1, 0, [])
    assert "acme.refused" in agent.why()
    (agent.products / "acme.refused").unlink()
    agent.leave("2.json", done(2))
    (report,) = agent.run()
    assert report["taken"] == 1


def test_the_product_s_own_name_for_this_machine_is_used(agent, collector):
    (agent.products / "acme.instance").write_text("6aef422e-56a7-4530-af9d-94cc02198343\n")
    agent.leave("1.json", done(1))
    agent.run()
    assert collector.items[0]["instance"] == "6aef422e-56a7-4530-af9d-94cc02198343"

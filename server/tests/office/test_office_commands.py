"""The commands of the office, over a resting directory and through a running server; both alike."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from bench.load import native_requests, send
from bench.server import MANIFEST, running

from glasshouse.cli.installation import Installation
from glasshouse.cli.main import main
from glasshouse.office.alerts import Medium
from glasshouse.people import Role
from glasshouse.settings import Settings

SHOP = "bench"


def run(capsys, *words):
    """(status, what it printed)."""
    status = main([*map(str, words)])
    return status, capsys.readouterr().out


def every_command(capsys, tmp_path, where):
    """From an advisory to whom it concerns, with everything in between."""
    csv = tmp_path / "licences.csv"
    csv.write_text("organization,name,contact\nacme,Acme Ltd,it@acme.example\n")
    assert (
        "is saved: >=1,<2"
        in run(capsys, "advisory", "save", SHOP, "CVE-1", "--affected", ">=1,<2", *where)[1]
    )
    assert (
        json.loads(run(capsys, "advisory", "list", SHOP, "--json", *where)[1])[0]["name"] == "CVE-1"
    )
    added = json.loads(run(capsys, "alert", "add", SHOP, "--advisory", "CVE-1", "--webhook",
                           "http://127.0.0.1:9/x?secret=1", "--json", *where)[1])  # fmt: skip
    assert added["secret"].startswith("whsec_")
    listed = run(capsys, "alert", "list", *where)[1]
    assert added["id"] in listed
    assert "secret=1" not in listed
    status, said = run(capsys, "alert", "try", added["id"], *where)
    assert (status, "cannot be reached" in said) == (1, True)
    assert run(capsys, "contacts", "import", SHOP, csv, *where)[1] == f"1 contacts of {SHOP}\n"
    assert "it@acme.example" in run(capsys, "contacts", "list", SHOP, *where)[1]
    assert "1.2" in run(capsys, "release", "put", SHOP, "1.2", "--note", "a fix", *where)[1]
    assert "a fix" in run(capsys, "release", "list", SHOP, *where)[1]
    assert run(capsys, "share", "list", *where)[0] == 0
    assert run(capsys, "release", "remove", SHOP, "1.2", *where)[0] == 0
    assert run(capsys, "alert", "remove", added["id"], *where)[0] == 0
    assert run(capsys, "advisory", "remove", SHOP, "CVE-1", *where)[0] == 0
    log = json.loads(run(capsys, "records", "changes", "--json", *where)[1])
    assert [row["what"] for row in log[:7]] == [
        "advisory removed", "alert removed", "release removed", "release set down",
        "contacts imported", "alert added", "advisory saved",
    ]  # fmt: skip
    return log


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("office") / "data") as server:
        yield server


def test_through_a_running_server(capsys, tmp_path, server):
    every_command(capsys, tmp_path, ["--data", server.data])


def test_over_a_resting_directory(capsys, tmp_path):
    """The same code answers; a few commands show that it does."""
    where = ["--data", tmp_path / "data"]
    assert run(capsys, "product", "add", MANIFEST, *where)[0] == 0
    run(capsys, "advisory", "save", SHOP, "CVE-1", "--affected", ">=1,<2", *where)
    added = json.loads(run(capsys, "alert", "add", SHOP, "--advisory", "CVE-1", "--email",
                           "a@example.com", "--json", *where)[1])  # fmt: skip
    status, said = run(capsys, "alert", "try", added["id"], *where)
    assert (status, "GLASSHOUSE_MAIL_SERVER" in said) == (1, True)
    log = json.loads(run(capsys, "records", "changes", "--json", *where)[1])
    whats = [row["what"] for row in log]
    assert whats == ["alert added", "advisory saved", "manifest registered"]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["advisory", "save", SHOP, "X", "--affected", ">"], 2, "expected a range"),
        (["advisory", "save", SHOP, "X", "--osv", "/nowhere"], 2, "cannot be read"),
        (["advisory", "save", "nope", "X", "--affected", "<1"], 1, "expected 'bench'"),
        (["advisory", "remove", SHOP, "nope"], 1, "found no advisory"),
        (["advisory", "contacts", SHOP, "nope"], 1, "found no advisory"),
        (["alert", "add", SHOP, "--question", "retention", "--email", "a@b"], 2, "expected one of"),
        (["alert", "add", SHOP, "--question", "geography", "--email", "x"], 2, "one mail address"),
        (["alert", "add", SHOP, "--question", "geography", "--email", "a@b", "--word", "x"], 2,
         "expected NAME=VALUE"),
        (["alert", "try", "nope"], 1, "found no alert"),
        (["contacts", "import", SHOP, "/nowhere"], 2, "cannot be read"),
        (["release", "put", SHOP, "1", "--day", "x"], 2, "expected a day such as 2026-10-01"),
        (["release", "remove", SHOP, "nope"], 1, "found no release"),
        (["share", "make", "/products/bench"], 2, "log in first"),
        (["share", "remove", "nope"], 1, "found no share link"),
        (["product", "set", SHOP, "--publish", "nope"], 2, "publish"),
    ],
)  # fmt: skip
def test_what_is_asked_wrongly_is_one_line_that_says_what_to_do(
    capsys, server, words, status, said
):
    assert main([*words, "--data", str(server.data)]) == status
    assert said in capsys.readouterr().err


class Hanging(BaseHTTPRequestHandler):
    """Takes a request, and never answers it."""

    asked, hold = threading.Event(), threading.Event()

    def do_POST(self):
        self.asked.set()
        self.hold.wait(60)

    def log_message(self, *_):
        pass


def test_a_webhook_that_hangs_holds_up_nothing(tmp_path, capsys):
    """A server looks at what is due when it starts; requests and loading go on beside it."""
    receiver = ThreadingHTTPServer(("127.0.0.1", 0), Hanging)
    receiver.daemon_threads = True
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    data = tmp_path / "data"
    with running(data) as server:
        send(server.address, native_requests(200, 100, server.digest, server.key, 1), 1)
        server.wait_until_stored(200)
    installation = Installation(Settings(data=data), print)
    installation.people.add("robin", Role.ADMIN, raw=True)
    today = installation.insight.now().date()
    installation.office.advisories.save(
        SHOP, "CVE-1", title="t", affected="<99", disclosed=today, fix="", by="robin"
    )
    installation.office.alerts.add(
        SHOP, "advisory", {}, advisory="CVE-1", raw=True, person="robin", medium=Medium.WEBHOOK,
        destination=f"http://127.0.0.1:{receiver.server_address[1]}/",
    )  # fmt: skip
    installation.close()
    try:
        with running(data) as server:
            assert Hanging.asked.wait(30), "the alert was due"
            send(server.address, native_requests(300, 100, server.digest, server.key, 2), 1)
            assert server.wait_until_stored(500, 12) < 12
            assert server.get("/health/ready")["ready"]
            Hanging.hold.set()
    finally:
        Hanging.hold.set()
        receiver.shutdown()
        receiver.server_close()

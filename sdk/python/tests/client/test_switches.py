"""Every kind of switch: where it is written, whom it concerns, what is left when it says off."""

import json
import os
import pty
import subprocess
import sys

import pytest

from glasshouse_sdk import Telemetry
from glasshouse_sdk.finding import Finding
from glasshouse_sdk.surroundings import Surroundings

AT_EVENT = "[event.done]\npurpose"


def switch(kind: str, name: str, **keys: str) -> tuple[str, str]:
    """A replacement that adds one switch to the manifest, covering both channels."""
    keys = {"off": "0, false or no", **keys}
    lines = [f'{key} = "{value}"' for key, value in keys.items()]
    table = "\n".join(["[[switch]]", f'kind = "{kind}"', f'name = "{name}"', *lines])
    return AT_EVENT, f'{table}\ncovers = ["telemetry", "updates"]\n\n{AT_EVENT}'


def file_switch(file, form="yaml", **keys) -> tuple[str, str]:
    return switch("file-key", "telemetry.enabled", file=str(file), format=form, **keys)


FILES = {
    "yaml": "telemetry:\n  enabled: {}\n",
    "toml": "[telemetry]\nenabled = {}\n",
    "json": '{{"telemetry": {{\n"enabled": {}}}}}',
    "hocon": "telemetry {{\n enabled = {} }}",
    "ini": "[telemetry]\nenabled={}\n",
    "properties": "#\ntelemetry.enabled={}\n",
}


def deciders(sdk, manifest, *words, code=1, **environ):
    result = json.loads(sdk(*words, "why", "--json", manifest=manifest, code=code, **environ))
    return result["channels"]["telemetry"]


@pytest.mark.parametrize("form", FILES)
def test_a_key_in_a_file_decides_and_why_tells_its_line(form, manifest_with, tmp_path, sdk):
    file = tmp_path / f"config.{form}"
    manifest = manifest_with(file_switch(file, form, missing="on"))
    assert deciders(sdk, manifest, code=0)["state"] == "on"
    file.write_text(FILES[form].format("true"))
    assert deciders(sdk, manifest, code=0)["state"] == "on"
    file.write_text(FILES[form].format("false"))
    decided = deciders(sdk, manifest)
    assert decided["state"] == "off"
    assert decided["decided_by"]["where"] == f"{file}:2"
    assert decided["decided_by"]["value"] == "false"
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("missing", ["on", "off", "ask"])
def test_a_file_or_key_that_is_missing_means_what_the_manifest_says(
    missing, manifest_with, tmp_path
):
    file = tmp_path / "config.yaml"
    manifest = manifest_with(file_switch(file, missing=missing))
    assert Telemetry(manifest, state=tmp_path / "s", environment={}).consent == missing
    file.write_text("telemetry:\n  other: 1\n")
    assert Telemetry(manifest, state=tmp_path / "s", environment={}).consent == missing


def test_a_file_that_cannot_be_read_or_understood_is_off(manifest_with, tmp_path, sdk):
    file = tmp_path / "config.yaml"
    manifest = manifest_with(file_switch(file))
    file.mkdir()
    assert "Is a directory" in deciders(sdk, manifest)["decided_by"]["note"]
    file.rmdir()
    for text in (
        "telemetry: [",
        "telemetry: {enabled: true}",
        "\0",
        "telemetry:\n  enabled: maybe",
    ):
        file.write_text(text)
        assert deciders(sdk, manifest)["state"] == "off"
    file.write_bytes(b"telemetry:\n  enabled: \xff")
    assert deciders(sdk, manifest)["state"] == "off"


def test_an_old_name_of_a_key_works_for_ever(manifest_with, tmp_path):
    file = tmp_path / "config.ini"
    addition = (file_switch(file, "ini")[1]).replace(
        'off = "0, false', 'formerly = ["stats.on"]\noff = "0, false'
    )
    manifest = manifest_with((AT_EVENT, addition))
    file.write_text("[telemetry]\nenabled = true\n[stats]\non = no\n")
    assert Telemetry(manifest, state=tmp_path / "s", environment={}).consent == "off"


@pytest.mark.parametrize(
    "file", ["~/.acme.yaml", "$ACME_HOME/.acme.yaml", "${ACME_HOME}/.acme.yaml"]
)
def test_paths_know_the_home_and_the_variables(file, manifest_with, tmp_path):
    manifest = manifest_with(file_switch(file))
    environment = {"HOME": str(tmp_path), "ACME_HOME": str(tmp_path)}
    (tmp_path / ".acme.yaml").write_text("telemetry:\n  enabled: no\n")
    state = tmp_path / "state"
    assert Telemetry(manifest, state=state, environment=environment).consent == "off"
    assert Telemetry(manifest, state=state, environment={}).consent == "on"


def test_where_a_file_is():
    here = Surroundings({"A": "/a", "HOME": "/h"}, project="/p")
    places = {
        "/x": "/x", "~/x": "/h/x", "$A/x": "/a/x", "${A}b": "/ab", "$B/x": None, "~ann/x": None,
        "x/y": "/p/x/y", "~": "/h",
    }  # fmt: skip
    assert {file: here.place(file) for file in places} == places
    assert Surroundings({}).place("x") is None


def test_a_marker_file_is_off_by_being_there(manifest_with, tmp_path, sdk):
    marker = tmp_path / "no-telemetry"
    manifest = manifest_with(switch("marker-file", "no-telemetry", file=str(marker), off="there"))
    assert Telemetry(manifest, state=tmp_path / "s", environment={}).consent == "on"
    marker.symlink_to("nowhere")
    assert deciders(sdk, manifest)["decided_by"]["where"] == str(marker)
    marker.unlink()
    (tmp_path / "blocked").write_text("")
    blocked = manifest_with(
        switch("marker-file", "x", file=str(tmp_path / ("n" * 300)), off="there")
    )
    assert Telemetry(blocked, state=tmp_path / "s", environment={}).consent == "off"


def test_a_property_is_what_the_product_says(manifest_with, tmp_path, sdk, collector):
    manifest = manifest_with(switch("property", "acme.telemetry"))

    def consent(**properties):
        state = tmp_path / "state"
        telemetry = Telemetry(
            manifest, state=state, environment={}, properties=properties, endpoint=collector.url
        )
        telemetry.record("done", count=1)
        return telemetry.consent

    assert consent(**{"acme.telemetry": "yes"}) == "on"
    assert deciders(sdk, manifest, code=0)["state"] == "on"
    assert consent(**{"acme.telemetry": "no"}) == "off"
    assert not (tmp_path / "state").exists()


def test_a_sender_decides_by_what_the_product_last_said(manifest_with, tmp_path, sdk, collector):
    """The file that says off is written after the item was recorded."""
    file = tmp_path / "config.yaml"
    manifest = manifest_with(file_switch(file))
    Telemetry(manifest, state=tmp_path / "state", environment={}).record("done", count=1)
    file.write_text("telemetry:\n  enabled: false\n")
    sdk("send", manifest=manifest, code=1)
    assert collector.requests == []


def test_a_sender_is_handed_the_variables_of_a_switchs_path(manifest_with, tmp_path, collector):
    """The product itself looks at the file when it starts; only the sender can see it now."""
    manifest = manifest_with(
        file_switch("$ACME_HOME/acme.yaml"), ('send = "agent"', 'send = "inline 5s"')
    )
    code = (
        "import os\nfrom glasshouse_sdk import Telemetry\n"
        f"t = Telemetry({manifest!r}, state={str(tmp_path / 's')!r}, endpoint={collector.url!r})\n"
        "t.record('done', count=1)\n"
        "open(os.environ['ACME_HOME'] + '/acme.yaml', 'w').write('telemetry:\\n  enabled: false')\n"
    )
    environ = {"PATH": os.environ["PATH"], "ACME_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environ, timeout=60)
    assert collector.requests == []
    assert not (tmp_path / "s").exists()


def test_the_answer_given_in_the_products_own_settings(manifest, tmp_path):
    state = tmp_path / "state"
    telemetry = Telemetry(manifest, state=state, environment={}, strict=True)
    telemetry.record("done", count=1)
    telemetry.record("host", cores=1)
    telemetry.answer("off", channel="updates", by="Settings > Privacy")
    assert [item["item"] for item in telemetry.waiting()] == ["event.done"]
    telemetry.record("host", cores=2)
    assert len(telemetry.waiting()) == 1
    telemetry.answer("off", by="Settings > Privacy")
    telemetry.record("done", count=2)
    assert telemetry.consent == "off"
    assert [path.name for path in state.iterdir()] == ["answer.json"]
    assert "Settings > Privacy" in (state / "answer.json").read_text()
    telemetry.answer("on", by="Settings > Privacy")
    telemetry.record("done", count=3)
    assert [item["fields"] for item in telemetry.waiting()] == [{"count": 3}]
    with pytest.raises(ValueError, match="on or off"):
        telemetry.answer("maybe")


def test_asking_holds_until_the_person_answers(manifest_with, tmp_path):
    manifest = manifest_with(('slug = "acme"', 'slug = "acme"\ndefault = "ask"'))
    telemetry = Telemetry(manifest, state=tmp_path / "state", environment={}, strict=True)
    telemetry.record("done", count=1)
    assert telemetry.consent == "ask"
    assert telemetry.preview() is None
    telemetry.answer("on", by="dialog")
    assert telemetry.consent == "on"
    assert b'"count":1' in telemetry.preview().body


def test_a_refusal_in_a_project_is_for_that_project_alone(manifest_with, tmp_path, sdk, collector):
    manifest = manifest_with(file_switch("acme.yaml"))
    a, b = tmp_path / "a", tmp_path / "b"

    def record(project, count):
        telemetry = Telemetry(
            manifest, state=tmp_path / "state", environment={}, project=project, strict=True,
            key="k", endpoint=collector.url,
        )  # fmt: skip
        telemetry.record("done", count=count)
        return telemetry.consent

    for project in (a, b):
        project.mkdir()
    assert (record(a, 1), record(b, 2), record(None, 3)) == ("on", "on", "on")
    (a / "acme.yaml").write_text("telemetry:\n  enabled: false\n")
    assert deciders(sdk, manifest, "--project", str(a))["state"] == "off"
    assert deciders(sdk, manifest, "--project", str(b), code=0)["state"] == "on"
    sdk("send", manifest=manifest)  # the sender asks each project's own files
    assert sorted(item["fields"]["count"] for item in collector.items) == [2, 3]
    record(b, 4)
    (b / "acme.yaml").write_text("telemetry:\n  enabled: false\n")
    assert (record(a, 5), record(b, 6), record(None, 7)) == ("off", "off", "on")
    lines = [
        x for p in (tmp_path / "state/spool").glob("*.open") for x in p.read_text().split("\n")
    ]
    assert [json.loads(line)["fields"]["count"] for line in lines if line] == [7]


POLICIES = [
    ("acme = off", "off", {"event.done", "snapshot.host"}),
    ("# why\n\n* = off  # all", "off", {"event.done", "snapshot.host"}),
    ("acme/updates = off", "on", {"snapshot.host"}),
    ("other = off", "on", set()),
    ("acme = on", "off", {"event.done", "snapshot.host"}),
    ("acme off", "off", {"event.done", "snapshot.host"}),
]


@pytest.mark.parametrize(("text", "state", "refused"), POLICIES)
def test_a_policy_of_the_organization(text, state, refused, manifest, tmp_path, sdk):
    policy = tmp_path / "policy.d"
    policy.mkdir()
    (policy / "10-acme.conf").write_text(text)
    (policy / "readme.txt").write_text("* = off")
    telemetry = Telemetry(manifest, state=tmp_path / "s", environment={}, policy=policy)
    telemetry.record("done", count=1)
    telemetry.record("host", cores=1)
    recorded = {item["item"] for item in telemetry.waiting()}
    assert (telemetry.consent, {"event.done", "snapshot.host"} - recorded) == (state, refused)
    if state == "off":
        assert not (tmp_path / "s").exists()
        where = deciders(sdk, manifest, "--policy", str(policy))["decided_by"]["where"]
        assert where == f"{policy / '10-acme.conf'}:{text.count(chr(10)) + 1}"


def test_a_policy_overrules_the_person_who_agreed(manifest, tmp_path, sdk):
    sdk("on")
    policy = tmp_path / "policy.d"
    policy.mkdir()
    (policy / "all.conf").write_bytes(b"* = off")
    assert deciders(sdk, manifest, "--policy", str(policy))["state"] == "off"
    (policy / "all.conf").write_bytes(b"\xff")
    assert deciders(sdk, manifest, "--policy", str(policy))["state"] == "off"


FIRST_RUN = ('slug = "acme"', 'slug = "acme"\nnotice = "first-run"\nconsent_version = 1')
SECOND = (
    FIRST_RUN[0],
    FIRST_RUN[1].replace("consent_version = 1", "consent_version = 2"),
), (
    'count = { type = "integer",', 'count = { since = 2, type = "integer",'
)  # fmt: skip


@pytest.fixture
def run_on(tmp_path, collector):
    """Runs a product on a terminal, or off one: what it showed there."""

    def run(manifest, *, terminal, code="t.record('done', command='run', count=7)"):
        text = (
            "from glasshouse_sdk import Telemetry\n"
            f"t = Telemetry({manifest!r}, state={str(tmp_path / 'state')!r}, key='k',"
            f" endpoint={collector.url!r}, strict=True)\n{code}"
        )
        ours, theirs = pty.openpty()
        stderr = theirs if terminal else subprocess.PIPE
        done = subprocess.run(
            [sys.executable, "-c", text], stderr=stderr, stdout=subprocess.PIPE, timeout=60,
            env={"PATH": os.environ["PATH"]},
        )  # fmt: skip
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 65536):
                shown += chunk
        except OSError:
            pass  # the terminal's other end is closed
        os.close(ours)
        assert (done.returncode, done.stdout) == (0, b""), shown
        assert not done.stderr
        return shown.decode().replace("\r\n", "\n")

    return run


def test_nothing_is_sent_before_the_notice_was_shown_on_a_terminal(
    manifest_with, run_on, sdk, collector
):
    manifest = manifest_with(FIRST_RUN)
    assert run_on(manifest, terminal=False) == ""
    decided = deciders(sdk, manifest)
    assert (decided["state"], decided["decided_by"]["kind"]) == ("ask", "notice")
    sdk("send", manifest=manifest, code=1)
    assert collector.requests == []
    shown = run_on(manifest, terminal=True)
    assert "Acme (Acme Inc.) sends from this machine:" in shown
    assert "event.done: command, seconds, count" in shown
    assert "Know how the product is used." in shown
    assert "To refuse: set the variable ACME_TELEMETRY (0, false or no)" in shown
    assert "privacy@example.com" in shown
    sdk("send", manifest=manifest)
    assert len(collector.items) == 2  # the one that was held, and the new one
    assert run_on(manifest, terminal=True) == ""


def test_a_field_newer_than_the_notice_stays_at_home_until_the_difference_was_shown(
    manifest_with, run_on, sdk, collector
):
    first = manifest_with(FIRST_RUN, ('count = { type = "integer",', 'kount = { type = "integer",'))
    second = manifest_with(*SECOND, name="second.json")
    assert run_on(first, terminal=True, code="t.record('done', command='run')")
    run_on(second, terminal=False)
    sdk("send", manifest=second)
    assert [item["fields"] for item in collector.items] == [{"command": "run"}] * 2
    shown = run_on(second, terminal=True)
    assert "Acme (Acme Inc.) has changed what it may send" in shown
    assert "event.done now also sends count (integer). w" in shown
    assert "event.done no longer sends kount." in shown
    assert "seconds" not in shown
    sdk("send", manifest=second)
    assert collector.items[-1]["fields"] == {"command": "run", "count": 7}


def test_an_item_that_cannot_be_without_a_new_field_stays_at_home_whole(manifest_with, tmp_path):
    newer = manifest_with(
        *SECOND,
        ("cores = { type", "cores = { since = 2, type"),
        ("rows = { type", "rows = { since = 2, type"),
        name="newer.json",
    )
    state = tmp_path / "state"
    first = Telemetry(manifest_with(FIRST_RUN), state=state, environment={}, strict=True)
    first.answer("on")
    telemetry = Telemetry(newer, state=state, environment={}, strict=True)
    telemetry.record("host", cores=1)
    telemetry.record("done", command="run", count=1, tables=[{"rows": 1}])
    (item,) = telemetry.waiting()
    assert item["fields"] == {"command": "run", "tables": [{}]}
    telemetry.answer("on")
    telemetry.record("host", cores=1)
    assert telemetry.waiting()[-1]["fields"] == {"cores": 1}


def test_a_finding_is_plain_data():
    finding = Finding("answer", "n", "off", covers=("a",), value="v", where="w", note="x")
    assert json.loads(json.dumps(finding.as_dict()))["covers"] == ["a"]

"""Runs within runs are linked and counted once; who started one is told by its environment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from glasshouse_sdk import Telemetry
from glasshouse_sdk.environment import ASSISTANT_VARIABLES
from glasshouse_sdk.runs import run_by, this_run

TELLS_RUNS = (
    '[event.done]\npurpose = "use"',
    '[event.done]\npurpose = "use"\nnested = "skip"',
)
FIELDS = (
    "[event.done.fields]",
    '[event.part]\npurpose = "use"\n[event.part.fields]\n'
    'run = { type = "text", anonymise = "keyed-hash", means = "run", why = "w" }\n'
    'nested = { type = "boolean", means = "nested", why = "w" }\n'
    'by = { type = "enum", values = ["person", "ci", "assistant"], means = "run-by", why = "w" }\n'
    "[event.done.fields]",
)
NESTED = """
telemetry.record("part")
telemetry.record("done", command="run")
import subprocess
if len(sys.argv) < 2 and "DEEP" in os.environ:
    subprocess.run([sys.executable, "-c", open(os.environ["DEEP"]).read(), "inner"], check=True)
"""


@pytest.fixture
def manifest(manifest_with):
    return manifest_with(TELLS_RUNS, FIELDS)


def waiting(manifest, state):
    return Telemetry(manifest, state=state, environment={}).waiting()


def test_a_run_within_a_run_is_linked_and_counted_once(product, manifest, tmp_path):
    inner = tmp_path / "inner.py"
    inner.write_text(
        "import os, sys\nfrom glasshouse_sdk import Telemetry\n"
        f"telemetry = Telemetry({manifest!r}, state={str(tmp_path / 'state')!r})\n" + NESTED
    )
    product(NESTED, MANIFEST=manifest, DEEP=str(inner))
    items = waiting(manifest, tmp_path / "state")
    assert [item["item"] for item in items] == ["event.part", "event.done", "event.part"]
    outer, _, nested = (item["fields"] for item in items)
    assert (outer["nested"], nested["nested"]) == (False, True)
    assert outer["run"] == nested["run"]
    assert len(outer["run"]) == 32


def test_two_runs_side_by_side_are_two(product, manifest, tmp_path):
    for _ in range(2):
        product(NESTED, MANIFEST=manifest)
    items = waiting(manifest, tmp_path / "state")
    assert len(items) == 4
    assert len({i["fields"]["run"] for i in items if "run" in i["fields"]}) == 2


def test_a_second_telemetry_of_one_process_is_no_run_within_a_run(product, manifest, tmp_path):
    again = f"Telemetry({manifest!r}, state={str(tmp_path / 'state')!r}).record('done')"
    product(f"telemetry.record('done')\n{again}", MANIFEST=manifest)
    assert len(waiting(manifest, tmp_path / "state")) == 2


def test_a_forked_worker_belongs_to_the_run_that_it_began_in(product, manifest, tmp_path):
    code = """
telemetry.record("part")
if os.fork() == 0:
    telemetry.record("part")
    telemetry.record("done")
    os._exit(0)
os.wait()
"""
    product(code, MANIFEST=manifest)
    items = waiting(manifest, tmp_path / "state")
    assert [item["item"] for item in items] == ["event.part", "event.part", "event.done"]
    assert [item["fields"].get("nested") for item in items] == [False, False, None]


def test_other_products_are_other_runs():
    environ = {"GLASSHOUSE_RUN": f"other=abc:{os.getpid()} acme=def:1"}
    run = this_run("acme", environ, hands_down=False)
    assert (run.id, run.is_nested) == ("def", True)
    fresh = this_run("third", environ, hands_down=False)
    assert not fresh.is_nested


@pytest.mark.parametrize("text", ["", "acme", "acme=", "acme=:1", "acme=../x:1", "=", "acme=" * 99])
def test_a_variable_that_means_nothing_begins_a_run(text):
    run = this_run("acme", {"GLASSHOUSE_RUN": text}, hands_down=False)
    assert (run.is_nested, len(run.id)) == (False, 32)


def test_a_manifest_that_asks_for_none_of_it_leaves_the_environment_alone(product, manifest_with):
    plain = manifest_with(name="plain.json")
    product("telemetry.record('done')\nassert 'GLASSHOUSE_RUN' not in os.environ", MANIFEST=plain)


def test_a_refusal_leaves_the_environment_alone_too(product, manifest):
    product("assert 'GLASSHOUSE_RUN' not in os.environ", MANIFEST=manifest, DO_NOT_TRACK="1")


@pytest.mark.parametrize(
    ("environ", "by"),
    [
        ({}, "person"),
        ({"TERM": "xterm", "HOME": "/home/x"}, "person"),
        ({"CI": "true"}, "ci"),
        ({"CI": "false"}, "person"),
        ({"CLAUDECODE": "1"}, "assistant"),
        ({"CI": "1", "AI_AGENT": "some-agent"}, "assistant"),
        ({"GEMINI_CLI": "0"}, "person"),
        ({"OR_APP_NAME": "Aider"}, "assistant"),
        ({"OR_APP_NAME": "something else"}, "person"),
        ({"PYTEST_CURRENT_TEST": "x", "CI": "1"}, "person"),  # its origin tells: development
    ],
)
def test_who_runs_it(environ, by):
    assert run_by(environ) == by


def test_every_variable_has_its_source():
    assert all(source.startswith("github.com/") for _, _, source in ASSISTANT_VARIABLES)


def test_who_runs_it_arrives(product, manifest, tmp_path):
    product(NESTED, MANIFEST=manifest, CURSOR_AGENT="1")
    assert waiting(manifest, tmp_path / "state")[0]["fields"]["by"] == "assistant"


def test_a_word_of_the_product_wins(manifest, tmp_path):
    telemetry = Telemetry(manifest, state=tmp_path / "s", environment={"CI": "1"}, strict=True)
    telemetry.record("part", by="person", nested=None)
    fields = telemetry.waiting()[0]["fields"]
    assert (fields["by"], "nested" in fields) == ("person", False)


def source_tree(root, manifest, installed):
    package = root / ("lib/site-packages/acme" if installed else "src/acme")
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (root / "pyproject.toml").touch()
    path = package / "telemetry.json"
    path.write_bytes(Path(manifest).read_bytes())
    return path


@pytest.mark.parametrize(("installed", "origin"), [(True, "production"), (False, "development")])
def test_what_runs_out_of_its_sources_counts_apart(manifest, tmp_path, installed, origin):
    path = source_tree(tmp_path / "project", manifest, installed)
    code = (
        "from glasshouse_sdk import Telemetry\n"
        f"t = Telemetry({str(path)!r}, state={str(tmp_path / 's')!r})\n"
        "t.record('done')\nimport json\n"
        "print(json.loads(t.preview().body).get('origin', 'production'))"
    )
    environ = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environ, check=True
    )
    assert done.stdout.strip() == origin


def test_a_manifest_beside_a_project_file_is_no_source_tree(manifest, tmp_path):
    (tmp_path / "pyproject.toml").touch()
    telemetry = Telemetry(manifest, state=tmp_path / "s", environment={}, strict=True)
    telemetry.record("done")
    request = telemetry.preview()
    assert request is not None
    assert b'"origin":"development"' not in request.body

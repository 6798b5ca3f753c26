"""`glasshouse ask` and `glasshouse sql`, through a running server and over a resting directory."""

import argparse
import csv
import io
import json
import subprocess
import sys

import pytest
from fleet import generated
from fleet import world as build
from serving import served

from glasshouse.cli import ask, sql
from glasshouse.cli.errors import CommandError
from glasshouse.cli.server_file import running_server
from glasshouse.console.app import console_app
from glasshouse.insight.questions import QUESTIONS


def run(command, *arguments):
    """The command as the command line runs it."""
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    options = parser.parse_args([command.__name__.rpartition(".")[2], *map(str, arguments)])
    return options.run(options)


@pytest.fixture(scope="session")
def resting(tmp_path_factory):
    """A data directory with nobody running on it."""
    data = tmp_path_factory.mktemp("resting")
    made = build(data, generated(30))
    made.store.close()
    return data


@pytest.fixture
def running(world):
    """A data directory with a server on it, which wrote server.json."""
    with served(console_app(world.insight, "secret-token")) as url:
        file = world.data / "server.json"
        file.write_text(json.dumps({"url": url, "token": "secret-token"}))
        yield world.data, url
        file.unlink()


def test_both_ways_give_the_same_answer(running, world, capsys):
    data, url = running
    asked = ["active_instances", "--product", "forge", "--by", "week", "--format", "json"]
    assert run(ask, *asked, "--data", data) == 0
    by_file = json.loads(capsys.readouterr().out)
    assert run(ask, *asked, "--server", url, "--token", "secret-token") == 0
    by_address = json.loads(capsys.readouterr().out)
    assert by_file["rows"] == by_address["rows"]
    expected = world.insight.ask("active_instances", {"product": ["forge"], "by": ["week"]})
    assert [row["instances"] for row in by_file["rows"]] == expected.column("instances")


def test_a_resting_directory_is_opened(resting, capsys):
    arguments = ["select count(*) as n from instances", "--data", resting, "--format", "json"]
    assert run(sql, *arguments) == 0
    assert json.loads(capsys.readouterr().out) == [{"n": 30}]


def test_a_server_file_of_a_dead_server_is_passed_over(resting, capsys):
    file = resting / "server.json"
    for text in ('{"url": "http://127.0.0.1:9", "token": "x"}', "{", "[]", '{"url": 1}'):
        file.write_text(text)
        assert running_server(resting) is None
        assert run(sql, "select 1 as one", "--data", resting, "--format", "csv") == 0
        assert capsys.readouterr().out == "one\n1\n"
    file.unlink()


def test_tables_and_csv(resting, capsys):
    asked = ["version_adoption", "--product", "forge", "--period", "7d", "--data", resting]
    assert run(ask, *asked) == 0
    table = capsys.readouterr().out
    assert "Version adoption of forge" in table
    assert "%" in table
    assert run(ask, *asked, "--format", "csv", "--origin", "simulated") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["origin"] for row in rows} == {"simulated"}


def test_a_simulated_table_says_so(resting, capsys):
    run(ask, "active_instances", "--product", "forge", "--origin", "simulated", "--data", resting)
    assert "SIMULATED" in capsys.readouterr().out


def test_a_cell_cannot_steer_the_terminal(resting, capsys):
    run(sql, "select '\x1b[2J' || chr(27) || ']0;x' as a", "--data", resting)
    assert "\x1b" not in capsys.readouterr().out


def test_ask_alone_lists_the_questions(capsys):
    assert run(ask) == 0
    text = capsys.readouterr().out
    for name in QUESTIONS:
        assert f"glasshouse ask {name} --product" in text
    assert run(ask, "--format", "json") == 0
    assert len(json.loads(capsys.readouterr().out)) == len(QUESTIONS)


@pytest.mark.parametrize("way", ["running", "resting"])
@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        (ask, ["active_instance", "--product", "forge"], "Did you mean 'active_instances'?"),
        (ask, ["active_instances"], "product: found nothing"),
        (ask, ["active_instances", "--product", "x"], "expected 'forge'"),
        (ask, ["active_instances", "--product", "forge", "--by", "year"], "'week'"),
        (ask, ["active_instances", "--product", "forge", "--where", "x"], "NAME=VALUE"),
        (ask, ["a/../../x?", "--product", "forge"], "question: found"),
        (sql, ["drop table store.instances"], "only reads"),
    ],
)
def test_a_wrong_question_ends_with_2(request, way, command, arguments, said):
    found = request.getfixturevalue(way)
    data = found[0] if way == "running" else found
    with pytest.raises(CommandError, match=said.replace("?", r"\?")) as caught:
        run(command, *arguments, "--data", data)
    assert caught.value.status == 2


def test_wrong_places(running, tmp_path):
    _, url = running
    cases = {
        ("--data", tmp_path / "nothing"): "found no Glasshouse data",
        ("--server", url): "without --token",
        ("--server", "localhost:1", "--token", "x"): "expected http://",
        ("--server", "http://127.0.0.1:9", "--token", "x"): "expected a running server",
        ("--server", url, "--token", "wrong"): "does not know this token",
    }
    for arguments, said in cases.items():
        with pytest.raises(CommandError, match=said):
            run(sql, "select 1", *arguments)


def test_a_store_that_somebody_holds(running):
    """The server holds the store, but its file is gone: one line, and no traceback."""
    data, _ = running
    text = (data / "server.json").read_text()
    (data / "server.json").unlink()
    command = [sys.executable, "-m", "glasshouse.cli.main", "sql", "select 1", "--data", data]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    (data / "server.json").write_text(text)
    assert ended.returncode == 1
    assert ended.stderr.startswith("glasshouse: the store in ")
    assert "Traceback" not in ended.stderr

"""What `--help` says of every command: what it does, and an example that can be copied."""

import argparse

import pytest

from glasshouse.cli.help_text import BETWEEN
from glasshouse.cli.main import main, parser
from glasshouse_sdk.cli.main import _parser as sdk_parser


def every(top):
    yield top
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield from every(each)


COMMANDS = {each.prog: each for top in (parser(), sdk_parser()) for each in every(top)}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_it_says_what_it_does_and_its_examples_can_be_copied(command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    shown = command.format_help()
    assert command.description, "what it does"
    says, _, examples = command.epilog.strip().partition(":")
    assert says in ("Example", "Examples", "Try it on this machine")
    for example in examples.split(BETWEEN):
        line = f"  {example.strip()}"
        assert line in shown.splitlines() or says.startswith("Try"), shown


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_it_says_what_every_argument_is(command):
    asked = [a for a in command._actions if not isinstance(a, argparse._SubParsersAction)]
    assert [a.option_strings or a.dest for a in asked if not a.help] == []


def test_one_is_not_several(tmp_path, capsys):
    main(["manifest", "new", "shop"])
    manifest = tmp_path / "shop.toml"
    manifest.write_text(capsys.readouterr().out)
    assert main(["manifest", "check", str(manifest)]) == 0
    assert "2 items with 3 fields, 1 switch, sha256:" in capsys.readouterr().out

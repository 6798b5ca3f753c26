"""ARCHITECTURE.md is short, its ladder is the import contract, and the files it names exist."""

import re
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
PAGE = (REPOSITORY / "ARCHITECTURE.md").read_text()


def block_below(heading):
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.search(r"```\n(.*?)```", section, re.DOTALL)[1]


def test_it_can_be_read_in_one_sitting():
    assert len(PAGE.splitlines()) <= 150


def test_the_ladder_is_the_contract():
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]
    (ladder,) = [c["layers"] for c in contracts["contracts"] if c["type"] == "layers"]
    written = [line.split("  ")[0].strip() for line in block_below("The ladder").splitlines()]
    assert written == ladder


def test_the_rules_are_ten_and_numbered():
    section = PAGE.partition("## The ten rules\n")[2].partition("\n## ")[0]
    assert re.findall(r"^(\d+)\. ", section, re.MULTILINE) == [str(n) for n in range(1, 11)]


def test_every_file_it_names_is_there():
    named = set(re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", PAGE))
    assert len(named) > 30
    homes = (
        REPOSITORY,
        REPOSITORY / "server" / "src" / "glasshouse",
        REPOSITORY / "sdk" / "python" / "src" / "glasshouse_sdk",
    )
    missing = {name for name in named if not any((home / name).exists() for home in homes)}
    assert not missing

"""The checklist holds: of a complete programme every statement is declared and tested."""

import re
from pathlib import Path

import pytest

from glasshouse.insight.questions import QUESTIONS
from glasshouse_sdk.manifest import compose

PRODUCTS = Path(__file__).parents[1] / "products"
ROW = re.compile(r"\| ([A-Z0-9]+-\d+) \| (.*) \| (\w+) \| (.*) \| (.*) \|")
HOW_MANY = {
    "Puppet Enterprise": 48,
    "Continuous Delivery for Puppet Enterprise": 37,
    "PipeRider CLI and Cloud": 47,
    "Percona Server for MongoDB": 26,
    "CloudBees Analytics Plugin": 42,
}
KINDS = {"item", "occasion", "identity", "promise", "switch", "use", "format"}


def sections():
    """Of each programme: its title, whether it is complete, its rows."""
    for block in (PRODUCTS / "checklist.md").read_text().split("\n## ")[1:]:
        title, _, body = block.partition("\n")
        rows = [match.groups() for match in map(ROW.fullmatch, body.splitlines()) if match]
        yield title, "\nComplete.\n" in body, rows


COMPLETE = [row for _, is_complete, rows in sections() if is_complete for row in rows]
TESTS = {
    name
    for file in PRODUCTS.glob("*/tests/test_*.py")
    for name in re.findall(r"^def (test_\w+)\(", file.read_text(), re.MULTILINE)
}


def test_every_statement_of_the_five_documents_has_a_row_of_its_own():
    assert {title: len(rows) for title, _, rows in sections()} == HOW_MANY
    names = [row[0] for _, _, rows in sections() for row in rows]
    assert len(names) == len(set(names)) == 200
    assert {row[2] for _, _, rows in sections() for row in rows} <= KINDS


@pytest.mark.parametrize(("number", "_statement", "_kind", "declared", "test"), COMPLETE)
def test_a_statement_is_declared_and_tested(number, _statement, _kind, declared, test):
    assert is_declared(declared), f"{number}: {declared!r} is in no manifest"
    assert test in TESTS, f"{number}: there is no test {test!r}"


@pytest.mark.parametrize("row", [row for row in COMPLETE if row[2] == "use"], ids=lambda r: r[0])
def test_a_use_names_the_question_that_answers_it(row):
    number, _, _, declared, _ = row
    assert "question." in declared, f"{number}: which question answers it?"


def test_what_is_not_declared_is_noticed():
    for entry in (
        "",
        "piperider: event.none",
        "piperider: purpose.experience; question.none",
        "piperider: switch.none",
        "piperider: promise.None",
    ):
        assert not is_declared(entry)


def is_declared(entry):
    folder, _, places = entry.partition(": ")
    if not places:
        return False
    raw = compose(PRODUCTS / folder / "manifest.toml").raw
    return all(is_in(raw, place) for place in places.split("; "))


def is_in(raw, place):
    table, _, rest = place.partition(".")
    if table == "question":
        return rest.partition("?")[0] in QUESTIONS
    if table == "switch":
        return rest in {switch["name"] for switch in raw["switch"]}
    if table == "promise":
        return any(promise["text"].startswith(rest) for promise in raw["promise"])
    found = raw
    for name in place.split("."):
        if not isinstance(found, dict) or name not in found:
            return False
        found = found[name]
    return bool(found)

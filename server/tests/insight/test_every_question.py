"""What holds for every question there is: a new one without words here fails."""

import json
from datetime import date

import pytest
from great_fleet import SET_UP

from glasshouse.insight import QuestionError
from glasshouse.insight.exporting import answer_csv, answer_object
from glasshouse.insight.questions import QUESTIONS

AFFECTED = {"affected": [">=2.0.0,<2.1.0"]}
WORDS = {
    "field_distribution": {"field": ["system"]},
    "cross_tabulation": {"field": ["system"], "across": ["version"]},
    "funnel": {"steps": [",".join(f"set_up.step={step}" for step in SET_UP)]},
    "recommendations": {"field": ["command"]},
    "peers": {"organization": ["org-00"]},
    "advisory": AFFECTED,
    "advisory_spread": AFFECTED,
    "advisory_organizations": AFFECTED,
    "instance_history": {"instance": ["instance-0776"]},
    "instance_values": {"instance": ["instance-0776"]},
}
# Items of which nobody knows how many instances sent them: a small group could not be withheld.
OF_NOBODY_KNOWS_HOW_MANY = ("refused_items",)
PERIOD = {"product": ["forge"], "from": ["2026-09-01"], "to": ["2026-11-18"]}
CELLS = {
    "date": date,
    "text": str,
    "count": int,
    "share": (int, float),
    "number": (int, float),
    "boolean": bool,
}


@pytest.fixture(scope="module", params=QUESTIONS)
def question(request):
    return QUESTIONS[request.param]


@pytest.fixture(scope="module")
def answer(great, question):
    return great.insight.ask(question.name, PERIOD | WORDS.get(question.name, {}))


def test_it_answers_with_cells_of_the_declared_types(answer):
    assert answer.rows
    for row in answer.rows:
        assert len(row) == len(answer.columns)
        for cell, column in zip(row, answer.columns, strict=True):
            assert cell is None or isinstance(cell, CELLS[column.type]), column.name
            assert column.type != "share" or cell is None or 0 <= cell <= 1


def test_every_column_says_what_may_be_shown_of_it(answer):
    """Suppression withholds what does not say so; here it is found before."""
    counts = {column.name for column in answer.columns if column.counts}
    for column in answer.columns:
        if column.type == "count":
            assert column.counts, column.name
        if column.type == "share":
            assert column.part or column.over, column.name
        if column.type == "number":
            assert column.over or column.dimension, column.name
        assert {column.over, column.part} <= counts | {""}, column.name
    assert any(column.dimension for column in answer.columns)
    assert len({column.name for column in answer.columns}) == len(answer.columns)


def test_rows_of_one_organization_need_raw_access(answer, question):
    named = {column.name for column in answer.columns if column.dimension}
    single = {"organization", "instance"} & {*named, *question.required}
    assert question.raw is (bool(single) or question.name in OF_NOBODY_KNOWS_HOW_MANY)
    assert answer.raw is question.raw


def test_it_leaves_as_json_and_csv(answer):
    document = answer_object(answer)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert answer_csv(document).count("\r\n") >= len(answer.rows) + 1


def test_it_narrows_compares_and_finds_nothing(great, question):
    words = PERIOD | WORDS.get(question.name, {})
    if not question.narrows:
        with pytest.raises(QuestionError, match="where"):
            great.insight.ask(question.name, words | {"where": ["system!=Debian 12"]})
        return
    narrowed = great.insight.ask(question.name, words | {"where": ["system!=Debian 12"]})
    assert narrowed.conditions == ("snapshot.host.system is not Debian 12",)
    assert "snapshot.host.system" in narrowed.dimensions
    both = great.insight.ask(question.name, words | {"compare": ["previous"]})
    assert both.before is not None
    assert both.before.last < both.period.first
    long_ago = words | {"from": ["2020-01-01"], "to": ["2020-03-31"]}
    if question.name == "peers":  # of an organization that was not there
        with pytest.raises(QuestionError, match="one active in the period"):
            great.insight.ask(question.name, long_ago)
        return
    nothing = great.insight.ask(question.name, long_ago)
    for column, cells in zip(nothing.columns, zip(*nothing.rows, strict=True), strict=False):
        assert column.type != "count" or set(cells) <= {0, None}
    empty = great.insight.ask(question.name, words | {"origin": ["ci"]})
    assert len(empty.columns) == len(both.columns) - len(
        [c for c in both.columns if c.name.endswith("_before")]
    )


VALUES = ("' or 1=1 --", "\x00", "🦀", "%", "{}", "$first", "a=b~c", "\\", "\\' or 1=1 --")


def test_whatever_a_condition_holds_is_only_a_value(great, question, embedded):
    """Elsewhere than in the embedded store each question is asked with one of them, in turn."""
    if not question.narrows:
        return
    turn = list(QUESTIONS).index(question.name) % len(VALUES)
    for value in VALUES if embedded else VALUES[turn : turn + 1]:
        words = PERIOD | WORDS.get(question.name, {}) | {"where": [f"system={value}"]}
        if question.name == "peers":  # of an organization that is not left
            with pytest.raises(QuestionError, match="one active in the period"):
                great.insight.ask(question.name, words)
            continue
        answer = great.insight.ask(question.name, words)
        for row in answer.rows:
            for cell, column in zip(row, answer.columns, strict=True):
                assert column.type != "count" or not cell, value


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("=DE", "NAME=VALUE"),
        ("country", "NAME=VALUE"),
        ("sistem=x", "Did you mean 'system'"),
        ("country~" + "x" * 300, "at most 256"),
        ("across~x", "where: found 'across'"),
    ],
)
def test_a_wrong_condition(great, where, message):
    with pytest.raises(QuestionError, match=message):
        great.insight.ask("lifecycle", PERIOD | {"where": [where]})
    with pytest.raises(QuestionError, match="at most 8"):
        great.insight.ask("lifecycle", PERIOD | {"where": ["country!=DE"] * 9})
    with pytest.raises(QuestionError, match="compare: found 'before'"):
        great.insight.ask("lifecycle", PERIOD | {"compare": ["before"]})


def test_an_organization_where_none_is_declared(world):
    for name in ("deployment_sizes", "recommendations"):
        with pytest.raises(QuestionError, match="'organization', 'account' or 'license'"):
            world.insight.ask(name, {"product": ["forge"]})
    with pytest.raises(QuestionError, match="names none with its items"):
        world.insight.ask("lifecycle", {"product": ["forge"], "where": ["organization=x"]})
    answer = world.insight.ask("geography", {"product": ["forge"]})
    assert set(answer.column("organizations")) == {0}

"""A question asked wrongly says what was found, what was expected, and what may be meant."""

import pytest

from glasshouse.insight import QuestionError, UnknownProductError, UnknownQuestionError

WRONG = [
    ({"from": ["2026-13-01"]}, "from", "a day such as 2026-01-31", ""),
    ({"from": ["yesterday"]}, "from", "a day such as 2026-01-31", ""),
    ({"from": ["0001-01-01"]}, "from", "a day such as 2026-01-31", ""),
    ({"from": ["1970-01-01"]}, "from", "a shorter period, or weeks or months", ""),
    ({"from": ["2026-11-02"], "to": ["2026-11-01"]}, "from", "a day not after '2026-11-01'", ""),
    ({"from": ["2027-01-01"]}, "from", "a day not after '2026-11-18'", ""),
    ({"by": ["weeks"]}, "by", "'day', 'week' or 'month'", "Did you mean 'week'?"),
    ({"by": ["day", "week"]}, "by", "one value", ""),
    ({"origin": ["simulate"]}, "origin", "'production'", "Did you mean 'simulated'?"),
    ({"period": ["1y"]}, "period", "'7d', '30d', '90d' or '12m'", ""),
    ({"period": ["7d"], "to": ["2026-11-01"]}, "period", "one or the other", ""),
    ({"where": ["version"]}, "where", "NAME=VALUE", ""),
    ({"where": ["verison=1"]}, "where", "'version' or 'country'", "Did you mean 'version'?"),
    ({"where": ["version=1", "version=2"]}, "version", "one value", ""),
    ({"field": ["cores"]}, "field", "'version' or 'country'", ""),
    ({"form": ["2026-01-01"]}, "form", "'from'", "Did you mean 'from'?"),
    ({"version": ["x" * 1000]}, "version", "at most 256 characters", ""),
]


@pytest.mark.parametrize(("words", "where", "expected", "hint"), WRONG)
def test_a_wrong_parameter(world, words, where, expected, hint):
    with pytest.raises(QuestionError) as caught:
        world.insight.ask("active_instances", {"product": ["forge"], **words})
    assert caught.value.where == where
    assert expected in caught.value.expected
    assert caught.value.hint == hint


def test_a_wrong_field_names_those_there_are(world):
    with pytest.raises(QuestionError, match="Did you mean 'system'") as caught:
        world.insight.ask("field_distribution", {"product": ["forge"], "field": ["sytem"]})
    assert "'cores'" in caught.value.expected
    with pytest.raises(QuestionError, match="field: found nothing"):
        world.insight.ask("field_distribution", {"product": ["forge"]})
    words = {"product": ["forge"], "field": ["cores"], "by": ["week"]}
    with pytest.raises(QuestionError, match="by: found"):
        world.insight.ask("field_distribution", words)


def test_a_wrong_question_or_product(world):
    with pytest.raises(UnknownQuestionError, match="Did you mean 'active_instances'"):
        world.insight.ask("active_instance", {"product": ["forge"]})
    with pytest.raises(UnknownProductError, match="Did you mean 'forge'"):
        world.insight.ask("active_instances", {"product": ["forg"]})
    with pytest.raises(QuestionError, match="product: found nothing; expected 'forge'"):
        world.insight.ask("active_instances", {})


def test_a_period_into_the_future_ends_today(world):
    words = {"product": ["forge"], "from": ["2026-11-10"], "to": ["2027-01-01"]}
    answer = world.insight.ask("active_instances", words)
    assert len(answer.rows) == 9
    assert "The period ends today, 2026-11-18." in answer.notes


@pytest.mark.parametrize(
    "value",
    ["' or 1=1 --", "\x00", "🦀", "%", "$version", "\ud800".encode(errors="replace").decode()],
)
def test_whatever_a_filter_holds_is_only_a_value(world, value):
    words = {"product": ["forge"], "version": [value]}
    assert sum(world.insight.ask("active_instances", words).column("instances")) == 0

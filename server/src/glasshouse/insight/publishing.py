"""What a vendor shows to everybody: some questions, suppressed a second time with larger steps.

The second suppression works on what the first one shows, so that nobody who reads both pages learns
more than the console alone tells. Whole weeks or months, one dimension, no conditions, and real
installations only.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from glasshouse.catalogue import ProductSettings
from glasshouse.insight.answer import Answer
from glasshouse.insight.errors import QuestionError
from glasshouse.insight.suppression import Suppression

WORDS: Mapping[str, tuple[str, ...]] = {
    "by": ("week", "month"),
    "period": ("30d", "90d", "12m"),
    "field": (),
}
"""What may stand beside a question, and its values; any declared field."""

MOST_DIMENSIONS = 1
EXPECTED = "QUESTION?by=week&period=90d, with by=week or month, period=30d, 90d or 12m, field=FIELD"


def parsed(slug: str, text: str) -> tuple[str, dict[str, list[str]]]:
    """The question and its words. Raises `QuestionError`."""
    question, _, query = text.partition("?")
    words = {"product": [slug]}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in WORDS or name in words or (WORDS[name] and value not in WORDS[name]):
            raise QuestionError("publish", f"'{text[:80]}'", EXPECTED)
        words[name] = [value]
    return question, words


def check(answer: Answer) -> None:
    """Raises `QuestionError` for what would tell groups apart too finely."""
    axes = [c.title for c in answer.columns if c.dimension and c.type != "date"]
    if len(axes) > MOST_DIMENSIONS or answer.about:
        found = f"'{answer.question}', which tells apart by {', '.join(axes)}"
        raise QuestionError("publish", found, "a question about one dimension at most")
    if answer.step is not None and answer.step.value == "day":
        raise QuestionError("publish", f"'{answer.question}' by day", "by=week or by=month")


def rules(settings: ProductSettings, secret: bytes) -> Suppression:
    """As many organizations more as instances."""
    k = max(settings.publish_group, settings.smallest_group)
    organizations = -(-settings.smallest_organizations * k // settings.smallest_group)
    return Suppression({"instances": k, "organizations": organizations}, secret)

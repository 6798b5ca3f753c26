"""Every text of the product pages stands in one place, and what stands there is used."""

import re
from pathlib import Path

import glasshouse.console
from glasshouse.console import templating
from glasshouse.console.pages.arrangements import ARRANGEMENTS
from glasshouse.console.pages.navigation import MENU
from glasshouse.console.words import MESSAGES, say
from glasshouse.insight.conditions import RELATIONS
from glasshouse.insight.period import PRESETS, Step
from glasshouse.model import Origin

CONSOLE = Path(glasshouse.console.__file__).parent
SOURCES = [*CONSOLE.rglob("*.py"), *CONSOLE.rglob("*.html")]
OURS = ("question_page", "controls", "figure", "funnels", "advisories", "organization", "instance",
        "health", "product")  # fmt: skip
MADE = {
    *(f"page.{name or 'overview'}" for name in ARRANGEMENTS),
    *(f"page.{name}_text" for name in ARRANGEMENTS if name),
    *(f"page.{name}" for _, names in MENU for name in names if name),
    *(f"menu.{group}" for group, _ in MENU),
    *(f"period.{name}" for name in PRESETS),
    *(f"step.{step}" for step in Step),
    *(f"origin.{origin}" for origin in Origin),
    *(f"relation.{words.replace(' ', '_')}" for words in RELATIONS.values()),
    *(f"asks.{asked.name}" for each in ARRANGEMENTS.values() for asked in each.asks),
    *(f"trait.{name}" for name in ("version", "country", "region", "organization")),
    "cell.open_organization",
    "cell.open_instance",
    "cell.open_list",
    "cell.open_versions",
}
"""Keys that are put together where they are used."""


def written():
    """Keys that stand in a template or a program as they are."""
    found = set()
    for source in SOURCES:
        found |= set(re.findall(r"[\"']([a-z]+\.[a-z0-9_]+)[\"']", source.read_text()))
    return found


def test_every_key_has_its_message():
    wanted = set(MADE)
    for source in SOURCES:
        text = source.read_text()
        wanted |= set(re.findall(r"\bsay\(\s*[\"']([a-z]+\.[a-z0-9_]+)[\"']", text))
    assert wanted - set(MESSAGES) == set()


def test_every_message_is_used():
    assert set(MESSAGES) - MADE - written() == set()


def test_a_template_of_a_page_has_no_text_of_its_own():
    """What stands between its tags comes from the messages."""
    for name in OURS:
        text = (CONSOLE / "templates" / f"{name}.html").read_text()
        text = re.sub(r"<pre.*?</pre>|{#.*?#}|<svg.*?</svg>", " ", text, flags=re.DOTALL)
        text = re.sub(r"{%.*?%}|{{.*?}}", " ", text, flags=re.DOTALL)
        text = re.sub(r"<[^>]*>", " ", text)
        words = re.findall(r"[A-Za-z]{3,}", text)
        assert words in ([], ["Glasshouse"]), name


def test_other_messages_make_another_page(monkeypatch, client):
    """A translation is another table: nothing else knows English."""
    other = {key: f"«{text}»" for key, text in MESSAGES.items()}
    monkeypatch.setattr("glasshouse.console.words.MESSAGES", other)
    text = client.get("/products/forge/versions?by=week").text
    assert templating.say("page.versions") == f"«{MESSAGES['page.versions']}»"
    for key in ("page.versions", "period.compare", "step.week", "figure.table", "filter.add"):
        assert f"«{MESSAGES[key]}»" in text
    assert say("period.between", first=1, last=2) == "«1 to 2»"

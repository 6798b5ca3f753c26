"""Every page in another language: made from the English one, letter for letter, so that any word
that is left in plain letters did not come from the messages.
"""

import re
from html.parser import HTMLParser

import pytest
from every_page import lived_in, pages_of

from glasshouse.console.words import MESSAGES

WIDE = str.maketrans({c: chr(ord(c) + 0xFEE0) for c in map(chr, range(65, 123)) if c.isalpha()})
"""Every letter has a wide one: Ａ for A."""
MARKED = re.compile(r"(<code.*?</code>|</?[a-z][^>]*>|\{[^}]*\})")
SPOKEN = ("aria-label", "title", "placeholder", "alt")
NOT_SPOKEN = ("code", "pre", "script", "style", "textarea", "time")
VOID = ("meta", "link", "input", "br", "rect", "path", "line", "polygon", "polyline")
WORD = re.compile(r"[(“]*([A-Za-z][A-Za-z']+)[).,:;!?”]*")
NAMES = {
    "Glasshouse", "CSV", "JSON", "UTC",
    "robin", "kim", "officer", "Great", "Forge", "great", "forge",  # people and products
    "DE", "US", "FR", "Debian", "native",  # countries, a system, a door
    "system", "route", "command", "run", "build", "deploy", "scan", "share", "telemetry", "months",
    "unloadable",  # declared in the manifest, or a code
}  # fmt: skip
"""What is called the same in every language. What the manifest and the fleet hold is theirs."""


def wide(message):
    """A message in wide letters: tags, code and the names of its values as they are."""
    if not isinstance(message, str):
        return {form: wide(text) for form, text in message.items()}
    return "".join(
        part if place % 2 else part.translate(WIDE)
        for place, part in enumerate(MARKED.split(message))
    )


class Wide(dict):
    """The other language. It says every title that comes from elsewhere, too."""

    def get(self, key, english):
        return super().get(key, english.translate(WIDE))


class Spoken(HTMLParser):
    """The words of a page in plain letters, but those of elements that say they are English."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.texts = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        if tag not in VOID:
            english = known.get("lang") and tag != "html"
            self.open.append((tag, english or tag in NOT_SPOKEN or known.get("role") == "alert"))
        if not any(quiet for _, quiet in self.open):
            self.texts += [known[name] or "" for name in SPOKEN if name in known]

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if not any(quiet for _, quiet in self.open):
            self.texts.append(data)

    def words(self):
        tokens = (WORD.fullmatch(token) for text in self.texts for token in text.split())
        return {token[1] for token in tokens if token} - NAMES


@pytest.fixture
def other(monkeypatch):
    monkeypatch.setattr(
        "glasshouse.console.words.MESSAGES", Wide({k: wide(m) for k, m in MESSAGES.items()})
    )


def test_no_page_has_a_word_that_is_not_of_the_messages(house, other):
    def written(text):
        return text.translate(WIDE)

    lived_in(house, written)
    left = {}
    for name, html in pages_of(house, written):
        assert "</html>" in html, name
        assert "Ｔ" in html, name
        for word in Spoken(html).words():
            left.setdefault(word, name)
    assert left == {}


def test_a_plain_word_would_be_seen():
    page = '<p title="Open it"><b lang="en">Heard</b> Ｓａｉｄ <code>x</code> a_b</p><i>Last.</i>'
    assert Spoken(page).words() == {"Open", "it", "Last"}
    assert wide('<a href="{at}">See</a> {number:,} <code>run</code>') == (
        '<a href="{at}">Ｓｅｅ</a> {number:,} <code>run</code>'
    )

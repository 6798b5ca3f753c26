"""Every text of the pages stands in one place, and what stands there is used."""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import pytest

import glasshouse.console
from glasshouse.console import templating, words
from glasshouse.console.formats import _UNITS
from glasshouse.console.pages.alerts import OTHERS
from glasshouse.console.pages.arrangements import ARRANGEMENTS
from glasshouse.console.pages.navigation import MENU
from glasshouse.console.words import MESSAGES, markup, say
from glasshouse.insight.conditions import RELATIONS
from glasshouse.insight.period import PRESETS, Step
from glasshouse.model import Origin
from glasshouse.people import Role

CONSOLE = Path(glasshouse.console.__file__).parent
TEMPLATES = sorted((CONSOLE / "templates").glob("*.html"))
PROGRAMS = sorted(
    {*CONSOLE.glob("pages/*.py"), *CONSOLE.glob("figures/*.py"), *CONSOLE.glob("charts/*.py"),
     CONSOLE / "formats.py", CONSOLE / "sharing.py", CONSOLE / "app.py", CONSOLE / "openid.py"}
)  # fmt: skip
"""Those whose texts pages show. What `access.py` and the interfaces answer is for programs."""
SOURCES = [*CONSOLE.rglob("*.py"), *TEMPLATES]
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
    *(f"time.{unit}_ago" for unit, _ in _UNITS),
    *(f"time.{unit}" for unit in ("days", "h", "min")),
    *(f"{kind}.{number}" for kind in ("month", "short_month") for number in range(1, 13)),
    *(f"weekday.{number}" for number in range(1, 8)),
    *(f"role.{role}" for role in Role),
    *(f"news.{question}" for question in OTHERS),
    "cell.open_organization",
    "cell.open_instance",
    "cell.open_list",
    "cell.open_versions",
}
"""Keys that are put together where they are used."""
KEY = r"[\"']([a-z_]+\.[a-z0-9_]+)[\"']"
SPOKEN = ("aria-label", "title", "placeholder", "alt")
NO_WORDS = {
    "Glasshouse": "the name",
    "organization,name,contact": "the head of a file",
    "/products/…?period=30d": "an address",
    "active_instances?by=month&period=12m": "an address",
}
"""What a template may show that is not a message, and what it is. Code may stand in it, too."""
FOR_PROGRAMS = (
    "an address that /openapi.json lists",
    "found nothing at this address; /openapi.json lists what there is",
    "a fault of this server; its log says where",
    "others changed this just now, or NATS does not answer; try again",
    "address: expected at most ",
    " plain characters",
    "address: found '",
    "'; expected that of a product's page, such as /products/SLUG?period=30d",
)
NO_SENTENCES = {
    "Without raw access: closed days": "what a note begins with",
    "Closed days": "and what it begins with on a public page",
    "text/html; charset=utf-8": "a type of content",
    "text/csv; charset=utf-8": "a type of content",
    "openid profile email": "what is asked of a provider",
    "public, max-age=": "how long to keep",
    "0; url=/": "where to go on",
    'attachment; filename="': "what a browser does with a file",
    'attachment; filename="export.ndjson"': "what a browser does with a file",
    "column growing": "classes of the style sheet",
    "track withheld": "classes of the style sheet",
    "password set by a link": "stands in the log, which is kept as it was written",
    "the live view": "stands in the log, which is kept as it was written",
    "too many": "what an error of people says",
    **dict.fromkeys(FOR_PROGRAMS, "is said to programs, too, in the words of the interface"),
}
"""What a program or the tags of a template may hold that looks like a sentence, and what it is."""


def written():
    """Keys that stand in a template or a program as they are."""
    return {key for source in SOURCES for key in re.findall(KEY, source.read_text())}


def said(function):
    """The same of those that this function is called with."""
    call = re.compile(rf"\b{function}\(\s*{KEY}")
    return {key for source in SOURCES for key in call.findall(source.read_text())}


def test_every_key_has_its_message():
    assert (MADE | said("say") | said("markup")) - set(MESSAGES) == set()


def test_every_message_is_used():
    assert set(MESSAGES) - MADE - written() == set()


def forms(key):
    message = MESSAGES[key]
    return [message] if isinstance(message, str) else list(message.values())


def test_only_what_is_said_as_markup_holds_tags_and_they_fit():
    for key in MESSAGES:
        for text in forms(key):
            tags = re.findall(r"<(/?)([a-z]+)[^>]*>", text)
            assert not tags or key not in said("say") | MADE, key
            opened = [name for end, name in tags if not end]
            assert sorted(opened) == sorted(name for end, name in tags if end), key
            assert set(opened) <= {"a", "code", "strong", "span"}, key


def test_a_message_about_a_number_has_all_forms_of_its_language():
    plural = words.PLURALS[words.LANGUAGE]
    needed = {plural(number) for number in range(200)}
    several = [message for message in MESSAGES.values() if not isinstance(message, str)]
    assert len(several) > 10
    assert all(set(message) == needed for message in several)
    assert say("dictionary.items", number=1) == "1 item"
    assert say("dictionary.items", number=1200) == "1,200 items"


def test_what_is_put_into_markup_is_escaped():
    assert markup("enter.choose_password", name="<i>").count("<strong>&lt;i&gt;</strong>") == 1


def test_a_key_of_two_files_is_refused(tmp_path, monkeypatch):
    (tmp_path / "messages" / "xx").mkdir(parents=True)
    for name in ("a", "b"):
        (tmp_path / f"messages/xx/{name}.toml").write_text('[do]\nsave = "x"\n')
    monkeypatch.setattr("glasshouse.console.words.files", lambda _: tmp_path)
    with pytest.raises(ValueError, match=r"found do\.save twice"):
        words.read("xx")


class Texts(HTMLParser):
    """What a page would show or say, code apart."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.found, self.code = [], 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.code += tag in ("code", "pre")
        self.found += [value for name, value in attributes if name in SPOKEN and value]

    def handle_endtag(self, tag):
        self.code -= tag in ("code", "pre")

    def handle_data(self, data):
        if not self.code:
            self.found.append(data)


def plain(source):
    """The texts of a template that are not messages, and sentences inside of its own tags."""
    environment = jinja2.Environment(autoescape=True)
    html = re.sub(r"{#.*?#}", "", source, flags=re.DOTALL)
    html = re.sub(r"{%.*?%}|{{.*?}}", "", html, flags=re.DOTALL)
    texts = [text.strip() for text in Texts(html).found]
    constants = environment.parse(source).find_all(jinja2.nodes.Const)
    texts += [each.value for each in constants if is_sentence(each.value)]
    known = {**NO_WORDS, **NO_SENTENCES}
    return [text for text in texts if re.search(r"[A-Za-z]{2}", text) and text not in known]


def is_sentence(value):
    return isinstance(value, str) and bool(re.search(r"[A-Za-z]{2,}[,.;:]? [A-Za-z]{2,}", value))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_has_no_text_of_its_own(template):
    assert [text for text in plain(template.read_text()) if "·" not in text] == []


def test_a_text_of_its_own_would_be_seen():
    assert plain("<p>{{ say('x') }} and more</p>") == ["and more"]
    assert plain("<p title='Look'><code>run</code>{{ 'so it is' if x }}</p>") == [
        "Look",
        "so it is",
    ]


def sentences(program):
    """Texts in a program that look like sentences: not its documentation, not what it asserts."""
    tree = ast.parse(program)
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [
        n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in documented
    ]
    return [
        text for text in texts if is_sentence(text) and "<" not in text and text not in NO_SENTENCES
    ]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_a_page_has_no_sentence_in_its_program(program):
    assert sentences(program.read_text()) == []


def test_a_sentence_in_a_program_would_be_seen():
    assert sentences('"""What it is."""\nraise Wrong(f"found {x}; try it again")') == [
        "; try it again"
    ]


def test_other_messages_make_another_page(monkeypatch, client):
    """A translation is another table: nothing else knows English."""
    other = {
        key: f"«{text}»" if isinstance(text, str) else {n: f"«{t}»" for n, t in text.items()}
        for key, text in MESSAGES.items()
    }
    monkeypatch.setattr("glasshouse.console.words.MESSAGES", other)
    text = client.get("/products/forge/versions?by=week").text
    assert templating.say("page.versions") == f"«{MESSAGES['page.versions']}»"
    for key in ("page.versions", "period.compare", "step.week", "figure.table", "filter.add"):
        assert f"«{MESSAGES[key]}»" in text
    assert say("period.between", first=1, last=2) == "«1 to 2»"

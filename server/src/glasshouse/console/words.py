"""What the pages say, in one language: everything that can be translated is in `messages/`.

A message is found by its key and holds the names of its values in braces. One that is about a
number has a form for each kind of number that the language tells apart: `{ one, other }`. One that
holds tags is whole, so that a translator can put its words in another order; its values are
escaped. What comes with an answer or out of a closed set (titles of questions and columns, rights,
reasons) comes in English; `title()` lets a language say it otherwise.
"""

import tomllib
from collections.abc import Callable, Mapping
from importlib.resources import files

from markupsafe import Markup

LANGUAGE = "en"
"""The only place that says which: a directory of `messages/`, and the `lang` of every page."""

Forms = str | Mapping[str, str]

PLURALS: Mapping[str, Callable[[float], str]] = {
    "en": lambda number: "one" if number == 1 else "other",
}
"""Which form of a message a number takes, by language."""


def read(language: str) -> Mapping[str, Forms]:
    """The messages of a language by their keys, out of all of its files."""
    found: dict[str, Forms] = {}
    directory = files("glasshouse.console") / "messages" / language
    for file in (each for each in directory.iterdir() if each.name.endswith(".toml")):
        for group, messages in tomllib.loads(file.read_text()).items():
            for name, message in messages.items():
                if f"{group}.{name}" in found:
                    raise ValueError(f"{file.name}: found {group}.{name} twice; expected one")
                found[f"{group}.{name}"] = message
    return found


MESSAGES: Mapping[str, Forms] = read(LANGUAGE)


def say(key: str, **values: object) -> str:
    """The message of a key, such as `period.earlier`. Raises `KeyError` if there is none."""
    return _form(key, values).format(**values)


def markup(key: str, **values: object) -> Markup:
    """The same of a message that holds tags: what is put into it is escaped."""
    return Markup(_form(key, values)).format(**values)  # noqa: S704 (the message is ours)


def title(kind: str, name: str, english: str) -> str:
    """A title that comes from elsewhere, unless the language has its own: `question.upgrades`."""
    own = MESSAGES.get(f"{kind}.{name}", english)
    return own if isinstance(own, str) else english


def _form(key: str, values: Mapping[str, object]) -> str:
    """The form of a message that its `number` takes."""
    message = MESSAGES[key]
    if isinstance(message, str):
        return message
    number = values["number"]
    assert isinstance(number, int | float)  # noqa: S101 (a message about something else is ours)
    return message[PLURALS[LANGUAGE](number)]

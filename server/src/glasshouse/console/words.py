"""What the pages say, in one language: everything that can be translated is in `messages/`.

A message is found by its key and holds the names of its values in braces. Titles of questions and
of their columns come with the answer, in English; `title()` lets a language say them otherwise.
"""

import tomllib
from collections.abc import Mapping
from importlib.resources import files

LANGUAGE = "en"


def _read(language: str) -> Mapping[str, str]:
    text = (files("glasshouse.console") / "messages" / f"{language}.toml").read_text()
    return {
        f"{group}.{name}": message
        for group, messages in tomllib.loads(text).items()
        for name, message in messages.items()
    }


MESSAGES: Mapping[str, str] = _read(LANGUAGE)


def say(key: str, **values: object) -> str:
    """The message of a key, such as `period.earlier`. Raises `KeyError` if there is none."""
    return MESSAGES[key].format(**values)


def title(kind: str, name: str, english: str) -> str:
    """A title that comes from elsewhere, unless the language has its own: `question.upgrades`."""
    return MESSAGES.get(f"{kind}.{name}", english)

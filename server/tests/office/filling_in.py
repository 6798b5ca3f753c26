"""Filling in the forms of a page as a browser does; and the product that is filled in about."""

import re

import fleet as fleets

CANARY = "canary-organization"
MANIFEST = fleets.MANIFEST.replace(
    "[[switch]]",
    """[identity.organization]
made = "assigned"
of = "the vendor"
lives = "with the contract"

[[switch]]""",
    1,
).replace('purpose = "use"\n', 'purpose = "use"\nidentities = ["instance", "organization"]\n')


def word_of(text):
    return re.search(r'name="word" value="(\w+)"', text)[1]


def fill_in(client, path, act, /, **fields):
    """The answer to a form of the page."""
    word = word_of(client.get(path).text)
    return client.post(path, data={"word": word, "act": act, **fields})

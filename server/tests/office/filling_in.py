"""Filling in the forms of a page as a browser does."""

import re

CANARY = "canary-organization"


def word_of(text):
    return re.search(r'name="word" value="(\w+)"', text)[1]


def fill_in(client, path, act, **fields):
    """The answer to a form of the page."""
    word = word_of(client.get(path).text)
    return client.post(path, data={"word": word, "act": act, **fields})

"""What a switch's `off` text means: words that people read and the client obeys.

    off = "0"                           that value
    off = "0, false or no"              each of those values
    off = "any value"                   whatever is there
    off = "any value but empty and 0"   whatever is there, except these
    off = "empty"                       nothing is there: for a key that holds an id

A value with blanks stands in quotes; `empty` is the empty text. Upper and lower case are one, and
blanks around a value do not count. A value that the text does not name counts as off unless it
clearly means on:

| the text names                          | clearly on                                 |
|-----------------------------------------|--------------------------------------------|
| only words for no (0, false, no, off …) | words for yes: 1, true, yes, on, enabled   |
| only words for yes (1, true, yes, on …) | words for no, and the empty text           |
| `empty` alone                           | all but words for no, `null` and `~`       |
| anything else                           | nothing: every other value is off          |
| any value but …                         | the values after `but`                     |

It stands beside the manifest package, not in it: a product that only decides on consent must not
load the whole of that package.
"""

from __future__ import annotations

NO = frozenset(("0", "false", "no", "off", "n", "f", "disabled", "disable", "none"))
YES = frozenset(("1", "true", "yes", "on", "y", "t", "enabled", "enable"))
ANY = "any value"
UPDATE_CHECK = "update-check"  # a channel without items: product and version, and no identity
NOTHING = frozenset(("", "null", "~"))  # as YAML and JSON write it


class OffText:
    """A parsed `off` text. `anything` means: every value but those of `values` is off."""

    __slots__ = ("anything", "values")

    def __init__(self, anything: bool, values: frozenset[str]) -> None:
        self.anything = anything
        self.values = values

    def is_off(self, value: str) -> bool:
        """Whether this value of the switch means off; what cannot be understood is off."""
        plain = value.strip().lower()
        if self.anything:
            return plain not in self.values
        if self.values == {""}:
            return plain in NOTHING or plain in NO
        return plain in self.values or plain not in self._clearly_on()

    def _clearly_on(self) -> frozenset[str]:
        if self.values <= NO:
            return YES
        if self.values <= YES:
            return NO | {""}
        return frozenset()


def parse_off(text: str) -> OffText | None:
    """The meaning of an `off` text, or None if it is not understood."""
    plain = " ".join(text.split())
    if plain.lower() == ANY:
        return OffText(anything=True, values=frozenset())
    anything = plain.lower().startswith(ANY + " but ")
    values = _values(plain[len(ANY + " but ") :] if anything else plain)
    return OffText(anything, frozenset(values)) if values else None


def _values(text: str) -> list[str] | None:
    """The values of a list such as `0, "not now" or empty`; None if it is no list."""
    values: list[str] = []
    expects_value = True
    for word, is_quoted in _words(text):
        if is_quoted or word not in (",", "or", "and"):
            if not expects_value:
                return None
            values.append("" if word == "empty" and not is_quoted else word)
            expects_value = False
        elif expects_value and word == ",":
            return None
        else:
            expects_value = True
    return None if expects_value else values


def _words(text: str) -> list[tuple[str, bool]]:
    """The words in lower case, each with whether it stood in quotes; a comma is a word."""
    words: list[tuple[str, bool]] = []
    rest = text.strip().lower()
    while rest:
        quote = rest[0]
        if quote in "'\"":
            word, closed, rest = rest[1:].partition(quote)
            words.append((word.strip(), True) if closed else (quote + word, False))
        elif quote == ",":
            words.append((",", False))
            rest = rest[1:]
        else:
            end = min((rest + " ").index(" "), (rest + ",").index(","))
            words.append((rest[:end], False))
            rest = rest[end:]
        rest = rest.lstrip()
    return words

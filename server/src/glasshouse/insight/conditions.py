"""Conditions on instances: `country=DE`, `version!=8.0.4`, `system~debian`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from glasshouse.insight.errors import QuestionError
from glasshouse.insight.queries import query_text
from glasshouse.insight.traits import Trait, find_trait, trait_sql
from glasshouse.store import Store
from glasshouse_sdk.manifest import Manifest

RELATIONS = {"=": "is", "!=": "is not", "~": "contains"}
LONGEST_SHOWN = 256

# The SQL of each relation; what `is not` asks for is whatever does not satisfy `is`.
_TESTS = {
    "=": "a.value = ${name}",
    "!=": "a.value = ${name}",
    "~": "position(lower(${name}) in lower(a.value)) > 0",
}
_CONDITION = re.compile(r"\s*(?P<name>[^=!~]*[^=!~\s])\s*(?P<relation>!=|=|~)\s*(?P<value>.+?)\s*",
                        re.DOTALL)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Condition:
    """Of an instance. `!=` holds as well for instances of which nothing is known."""

    trait: Trait
    relation: str
    value: str

    def __str__(self) -> str:
        return f"{self.trait.name} {RELATIONS[self.relation]} {self.value}"


def parts_of(text: str) -> tuple[str, str, str]:
    """Name, relation and value of a condition in words. Raises `QuestionError`."""
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise QuestionError(
            "where", f"'{text[:LONGEST_SHOWN]}'", "NAME=VALUE, NAME!=VALUE or NAME~VALUE (contains)"
        )
    return found["name"], found["relation"], found["value"]


def condition(manifest: Manifest, name: str, relation: str, value: str) -> Condition:
    """Raises `QuestionError` for a name that tells nothing of an instance."""
    trait = find_trait(manifest, name, "where")
    if trait.name in ("country", "region") and relation != "~":
        value = value.upper()
    return Condition(trait, relation, value)


@dataclass(frozen=True, slots=True)
class Chosen:
    """SQL that is true of the instances asked about, and the values in it."""

    text: str
    parameters: dict[str, object]


def chosen(store: Store, manifest: Manifest, conditions: Sequence[Condition]) -> Chosen:
    """Of `d.instance`. Without conditions it is true of all, at no cost."""
    texts = []
    parameters: dict[str, object] = {}
    for number, each in enumerate(conditions):
        name = f"where_{number}"
        parameters[name] = each.value
        negation = "not " if each.relation == "!=" else ""
        test = _TESTS[each.relation].format(name=name)
        values = trait_sql(store, manifest, each.trait)
        names = {"negation": negation, "values": values, "test": test}
        texts.append(query_text("with_trait").format(**names))
    return Chosen("(" + " and ".join(texts) + ")" if texts else "true", parameters)

"""The controls for what a page asks by itself: a field, steps, an advisory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from glasshouse.console.pages.arrangement import Asked
from glasshouse.console.pages.defaults import charted_fields, feature_fields
from glasshouse.console.words import say
from glasshouse.insight.traits import BUILT_IN, has_organizations
from glasshouse_sdk.manifest import Manifest

Options = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Control:
    """A control of the form: `options` where one is chosen from, each with its text."""

    name: str
    kind: str
    label: str
    value: str
    options: Options = ()


def control(manifest: Manifest, asked: Asked, value: str) -> Control:
    """The control with the value that it has now."""
    options = _OPTIONS.get(asked.control, _none)(manifest)
    kind = "select" if options else asked.control
    return Control(asked.name, kind, say(f"asks.{asked.name}"), value, options)


def _none(_: Manifest) -> Options:
    return ()


def _fields(manifest: Manifest) -> Options:
    return [(field.path, field.path) for field in charted_fields(manifest)]


def _features(manifest: Manifest) -> Options:
    declared = [(field.path, field.path) for field in feature_fields(manifest)]
    return [("", say("asks.events")), *declared]


def _traits(manifest: Manifest) -> Options:
    built_in = [n for n in BUILT_IN if n != "organization" or has_organizations(manifest)]
    return [*((n, say(f"trait.{n}")) for n in built_in), *_fields(manifest)]


_OPTIONS: Mapping[str, Callable[[Manifest], Options]] = {
    "field": _fields,
    "feature": _features,
    "trait": _traits,
}

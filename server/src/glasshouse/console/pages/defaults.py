"""What a page asks with as long as its address does not say: from the manifest alone."""

from collections.abc import Iterator

from glasshouse.insight.declared_field import DeclaredField, declared_fields
from glasshouse_sdk.manifest import Manifest

# Fields of many different values make no picture to open a page with.
CHARTED_TYPES = ("enum", "version", "text", "boolean", "integer", "number", "duration", "list")
MOST_STEPS = 10


def charted_fields(manifest: Manifest) -> list[DeclaredField]:
    """Those whose values make a picture."""
    return [f for f in declared_fields(manifest) if f.field.type in CHARTED_TYPES]


def has_events(manifest: Manifest) -> bool:
    """Whether something can be used: a product of snapshots alone has no features."""
    return any(item.kind == "event" for item in manifest.items.values())


def charted_field(manifest: Manifest) -> str:
    return next((field.path for field in charted_fields(manifest)), "")


def feature_fields(manifest: Manifest) -> list[DeclaredField]:
    """Those whose values can be features: of events."""
    return [f for f in charted_fields(manifest) if f.item.kind == "event"]


def version_trait(_: Manifest) -> str:
    return "version"


def set_up_steps(manifest: Manifest) -> str:
    """The first way through several steps that the manifest itself suggests."""
    return next(ways(manifest), "")


def ways(manifest: Manifest) -> Iterator[str]:
    """Steps that a manifest suggests: the values of a field that is called a step, in their order,
    then its events.
    """
    for known in declared_fields(manifest):
        values = known.field.values
        named = known.field.name in ("step", "stage", "phase")
        if known.item.kind == "event" and known.single and named and len(values) >= 2:
            yield ",".join(f"{known.path}={value}" for value in values[:MOST_STEPS])
    events = [item.name for item in manifest.items.values() if item.kind == "event"]
    if len(events) > 1:
        yield ",".join(events[:3])

"""The disclosure page: what a product sends, in words and tables, made from its manifest."""

import json
from collections.abc import Collection, Iterator
from dataclasses import replace

from glasshouse_sdk.manifest.browser_disclosure import pages
from glasshouse_sdk.manifest.model import Field, Item, Manifest, Part, Switch

KIND_WORDS = {
    "environment": "environment variable",
    "file-key": "key in a configuration file",
    "marker-file": "marker file",
    "property": "property on the command line",
    "command": "command",
    "toggle": "switch in the user interface",
    "cookie": "cookie choice",
}
MADE_WORDS = {
    "random": "random; derived from nothing",
    "keyed-hash": "keyed hash; the key never leaves the machine",
    "assigned": "assigned by the vendor",
}
ANONYMISED_WORDS = {
    "keyed-hash": "keyed hash",
    "length": "length only",
    "bucket": "range only",
    "public-list": "only names from a public list",
    "place": "country and region only",
    "truncate": "truncated",
}
PLATFORM_WORDS = {
    "debian": "Debian-derived distribution",
    "redhat": "Red Hat-derived distribution",
    "docker": "Docker",
    "linux": "Linux",
    "macos": "macOS",
    "windows": "Windows",
}


def disclosure(manifest: Manifest) -> str:
    """The page as Markdown, in the order a reader asks: what, why, where to, how to stop it."""
    sections = (
        _opening, _applies, pages, _items, _envelope,
        _never, _promises, _identities, _switches, _sending,
        _example, _rights,
    )  # fmt: skip
    lines = [line for section in sections for line in section(manifest)]
    return "\n".join(lines).rstrip() + "\n"


def installed(manifest: Manifest, parts: Collection[str]) -> Manifest:
    """The manifest as far as it concerns the product with these of its parts."""
    return _narrowed(manifest, (None, *parts))


def of_part(manifest: Manifest, part: str) -> Manifest:
    """The manifest as far as it concerns what this part alone sends."""
    return _narrowed(manifest, (part,))


def _narrowed(manifest: Manifest, parts: Collection[str | None]) -> Manifest:
    """Without what the other parts send, and without the switches that turn off nothing else."""
    items = {path: item for path, item in manifest.items.items() if item.part in parts}
    channels = {item.channel for item in items.values()}
    return replace(
        manifest,
        items=items,
        parts={name: part for name, part in manifest.parts.items() if name in parts},
        switches=tuple(s for s in manifest.switches if channels.intersection(s.covers)),
    )


def cell(text: object) -> str:
    """A text that cannot break out of its table cell."""
    return str(text).replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


def _opening(manifest: Manifest) -> Iterator[str]:
    product, alone = manifest.product, _part_alone(manifest)
    yield f"# Telemetry in {product.name}" + (f": {alone.title}" if alone else "")
    yield ""
    if product.summary:
        yield product.summary
        yield ""
    state = {
        "on": "On by default. It can be turned off at any time; the steps are below.",
        "ask": "Off until you agree. It can be turned off again at any time; the steps are below.",
    }
    yield state[product.default]
    yield ""


def _part_alone(manifest: Manifest) -> Part | None:
    """The part, where the page is of what one alone sends."""
    names = {item.part for item in manifest.items.values()}
    return manifest.parts.get(names.pop() or "") if len(names) == 1 else None


def _applies(manifest: Manifest) -> Iterator[str]:
    product = manifest.product
    if product.applies_to or product.since:
        yield "## What it applies to"
        yield ""
        if product.applies_to:
            yield product.applies_to[:1].upper() + product.applies_to[1:].rstrip(".") + "."
        if product.since:
            yield f"Versions before {product.since} send nothing."
        yield ""


def _items(manifest: Manifest) -> Iterator[str]:
    yield "## What is collected, and why"
    yield ""
    # The product's own first, then part by part, each as its reader has it before them.
    for item in sorted(manifest.items.values(), key=lambda item: _order(manifest, item)):
        yield f"### {item.name}"
        yield ""
        yield from _item(manifest, item)


def _order(manifest: Manifest, item: Item) -> int:
    return -1 if item.part is None else list(manifest.parts).index(item.part)


def _item(manifest: Manifest, item: Item) -> Iterator[str]:
    if item.part is not None:
        part = manifest.parts[item.part]
        says = f" {part.text}" if part.text else ""
        yield f"Part: **{part.title}**; sent only where that is installed.{says}"
        if part.since > 1:
            yield f"New with version {part.since} of what you are told: who has agreed to an older"
            yield "version alone sends none of it before they agree to this one."
        yield ""
    if item.text:
        yield item.text
        yield ""
    kind = {"event": "Event", "snapshot": "Snapshot (state as of a time)"}[item.kind]
    facts = [f"{kind}. Purpose: {manifest.purposes[item.purpose]}"]
    if item.occasions:
        facts.append("Collected: " + ", ".join(item.occasions).replace("_", " ") + ".")
    if item.channel != "telemetry":
        facts.append(f"Channel: {item.channel}.")
    if item.starts:
        facts.append(f"Starts on {item.starts}.")
    if item.ends:
        facts.append(f"Ends on {item.ends}.")
    if item.nested == "skip":
        facts.append("Not collected again where a run of the product has started another.")
    if item.ended:
        facts.append(f"Ended: {item.ended}. It is not collected any more.")
    yield " ".join(facts)
    yield ""
    if not item.fields:
        yield "No fields."
        yield ""
        return
    yield "| Field | Type | Anonymized | Why | Example |"
    yield "|---|---|---|---|---|"
    yield from _rows(item.fields.values(), "")
    yield ""


def _rows(fields: object, prefix: str) -> Iterator[str]:
    for field in fields:  # type: ignore[attr-defined]
        example = "" if field.example is None else f"`{cell(example_text(field.example))}`"
        yield (
            f"| `{prefix}{cell(field.name)}` | {cell(type_words(field))} | {anonymised(field)} "
            f"| {cell(field.why)}{_changes(field)} | {example} |"
        )
        yield from _rows(field.fields.values(), f"{prefix}{field.name}[].")


def _changes(field: Field) -> str:
    """What became of the field in the course of releases."""
    was = " Was called " + ", ".join(f"`{cell(name)}`" for name in field.was) + "."
    ended = f" Ended: {cell(field.ended)}; it is not collected any more."
    return (was if field.was else "") + (ended if field.ended else "")


def example_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def type_words(field: Field) -> str:
    """The type as a reader understands it, with what bounds it."""
    words = field.type
    if field.type == "list":
        words = f"list of {field.of}"
    if field.type == "map":
        words = f"number by {field.of or 'name'}"
    if field.values:
        words += ": " + ", ".join(field.values)
    if field.unit:
        words += f" ({field.unit})"
    return words


def anonymised(field: Field) -> str:
    """Yes with the way, or No."""
    way = ANONYMISED_WORDS.get(field.anonymise)
    return f"Yes ({way})" if way else "No"


def _envelope(manifest: Manifest) -> Iterator[str]:
    yield "Every item also carries a random message id, the time it was recorded, the version of"
    yield "the product, and the identities named below. Nothing else leaves the machine."
    yield f"The collector derives the country from the sender's address{_address_note(manifest)}"
    yield "A first and a last time seen, and a first and a current version, are derived as well."
    yield ""


def _address_note(manifest: Manifest) -> str:
    declared = any(
        field.type == "address" and field.anonymise == "none"
        for item in manifest.items.values()
        for field in item.fields.values()
    )
    return "." if declared else " and does not keep the address."


def _never(manifest: Manifest) -> Iterator[str]:
    if manifest.product.never:
        yield "## What is never collected"
        yield ""
        for entry in manifest.product.never:
            yield f"- {entry}"
        yield ""


def _promises(manifest: Manifest) -> Iterator[str]:
    if manifest.promises:
        yield "## What we promise"
        yield ""
        for text in manifest.promises:
            yield f"- {text}"
        yield ""


def _identities(manifest: Manifest) -> Iterator[str]:
    if not manifest.identities:
        return
    yield "## Identities"
    yield ""
    yield "| Identity | Anonymized | How it is made | How long it lives |"
    yield "|---|---|---|---|"
    for identity in manifest.identities.values():
        made = MADE_WORDS[identity.made]
        if identity.of:
            made += (" of " if identity.made == "keyed-hash" else ": ") + identity.of
        yes = "No" if identity.made == "assigned" else "Yes"
        yield f"| {identity.name} | {yes} | {cell(made)} | {cell(identity.lives)} |"
    yield ""


def _switches(manifest: Manifest) -> Iterator[str]:
    yield "## How to turn it off"
    yield ""
    yield "Any one of these is enough. A value that cannot be read or understood counts as off."
    yield ""
    for switch in manifest.switches:
        yield from _switch(switch)
    yield "### `DO_NOT_TRACK`"
    yield ""
    yield "Set this environment variable to anything but `0` and everything is off."
    yield ""


def _switch(switch: Switch) -> Iterator[str]:
    yield f"### `{switch.name}`"
    yield ""
    words = KIND_WORDS[switch.kind]
    place = f" in `{switch.file}`" if switch.file else ""
    missing = {"on": "collection is on", "off": "collection is off", "ask": "you are asked"}
    yield (
        f"{words[:1].upper()}{words[1:]}{place}. Off: {switch.off}. "
        f"When it is not there, {missing[switch.missing]}. Covers: {', '.join(switch.covers)}."
    )
    if switch.sticky:
        yield "An answer given at installation also holds for what is installed later."
    if switch.since:
        yield f"Known since version {switch.since}."
    if switch.formerly:
        yield "Older names that still work: " + ", ".join(f"`{n}`" for n in switch.formerly) + "."
    yield ""
    for platform, steps in switch.steps.items():
        yield f"**{PLATFORM_WORDS.get(platform, platform)}**"
        yield ""
        yield steps.strip()
        yield ""


def _sending(manifest: Manifest) -> Iterator[str]:
    product = manifest.product
    yield "## Where it goes"
    yield ""
    ways = {
        "detached": "A separate process sends what has been recorded; the product never waits.",
        "inline": f"It is sent at once and given up after {product.send.seconds or 0:g} seconds.",
        "next-run": "What one run has recorded is sent by the next.",
        "agent": "A service on the same machine sends what has been recorded.",
    }
    alone = _part_alone(manifest)
    way = (alone.send if alone else None) or product.send.way
    if product.grace:
        span = _span(product.grace)
        yield f"For {span} after the first start nothing is sent unless you ask for it."
    destination = f" to `{product.endpoint}`" if product.endpoint else ""
    yield f"Items go{destination} in the format '{product.wire}'. {ways[way]}"
    for part in manifest.parts.values():
        if part.send and alone is None:
            yield f"{part.title}: {ways[part.send]}"
    yield f"They are kept for {product.keep} by {product.vendor}."
    yield ""


def _span(span: str) -> str:
    words = {"m": "minutes", "h": "hours", "d": "days"}
    return f"{span[:-1]} {words[span[-1]]}"


def _example(manifest: Manifest) -> Iterator[str]:
    """Each wire format shows an example as it travels; other examples stand in the tables."""
    from_wire = {"percona": _percona_example}
    maker = from_wire.get(manifest.product.wire)
    if maker:
        yield "## An example of the collected data"
        yield ""
        yield "```json"
        yield from maker(manifest)
        yield "```"
        yield ""


def _percona_example(manifest: Manifest) -> Iterator[str]:
    door = manifest.doors.get("percona")
    item = next(iter(manifest.items.values()))
    metrics = [
        {"key": field.name, "value": _percona_text(field.example)} for field in item.fields.values()
    ]
    report = {
        "id": "c416c3ee-48cd-471c-9733-37c2886f8231",
        "product_family": (door.key if door else None) or manifest.product.slug,
        "instanceId": "6aef422e-56a7-4530-af9d-94cc02198343",
        "createTime": "2023-11-01T10:46:23Z",
        "metrics": metrics,
    }
    yield json.dumps([report], indent=2, ensure_ascii=False)


def _percona_text(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else example_text(value)


def _rights(manifest: Manifest) -> Iterator[str]:
    product = manifest.product
    yield "## Questions"
    yield ""
    yield f"Ask {product.contact}."
    if product.privacy:
        yield f"[Privacy statement]({product.privacy})"
    if product.terms:
        yield f"[Terms of use]({product.terms})"
    yield ""
    yield f"Manifest digest: `{manifest.digest}`"

"""The manifest once it has been read: frozen, complete, and right."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from glasshouse_sdk.manifest.browser import Browser

ItemKind = Literal["event", "snapshot"]


@dataclass(frozen=True, slots=True)
class Sending:
    """How items leave the product; `seconds` is the deadline of in-line sending."""

    way: Literal["detached", "inline", "next-run", "agent"]
    seconds: float | None = None

    def __str__(self) -> str:
        return f"inline {self.seconds:g}s" if self.way == "inline" else self.way


@dataclass(frozen=True, slots=True)
class Product:
    slug: str
    name: str
    vendor: str
    contact: str
    summary: str
    default: Literal["on", "ask"]
    applies_to: str
    since: str | None
    send: Sending
    wire: str
    endpoint: str
    notice: Literal["documents", "first-run"]
    consent_version: int
    privacy: str
    terms: str
    keep: str
    never: tuple[str, ...]
    owner: str
    grace: str | None = None
    spread: str | None = None
    version_words: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()  # files still to be composed; empty in what was


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a product, such as a plugin, with the items that it alone sends."""

    name: str
    title: str
    text: str
    owner: str
    since: int
    send: Literal["agent"] | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    name: str
    made: Literal["random", "keyed-hash", "assigned"]
    of: str | None
    lives: str
    why: str


@dataclass(frozen=True, slots=True)
class Switch:
    kind: str
    name: str
    off: str
    missing: Literal["on", "off", "ask"]
    sticky: bool
    covers: tuple[str, ...]
    file: str | None
    format: str | None
    since: str | None
    formerly: tuple[str, ...]
    steps: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """One declared value. `fields` is filled for a group only, `of` for a list only."""

    name: str
    type: str
    why: str
    example: object
    values: tuple[str, ...]
    required: bool
    anonymise: str
    public: tuple[str, ...]
    buckets: tuple[float, ...]
    sensitivity: str
    means: str | None
    unit: str
    minimum: float | None
    maximum: float | None
    longest: int | None
    of: str | None
    fields: Mapping[str, "Field"]
    since: int
    owner: str
    expires: str | None
    was: tuple[str, ...] = ()  # earlier names, the oldest first
    ended: str | None = None

    @property
    def first_name(self) -> str:
        """The name that it was first declared under; what is keyed by a name is keyed by it."""
        return self.was[0] if self.was else self.name


@dataclass(frozen=True, slots=True)
class Item:
    """An event or a snapshot; on the wire it is called by its path, such as `snapshot.host`."""

    kind: ItemKind
    name: str
    text: str
    occasions: tuple[str, ...]
    purpose: str
    channel: str
    identities: tuple[str, ...]
    since: int
    owner: str
    starts: str | None
    ends: str | None
    keep: str | None
    fields: Mapping[str, Field]
    part: str | None = None
    nested: Literal["count", "skip"] = "count"
    ended: str | None = None

    @property
    def path(self) -> str:
        return f"{self.kind}.{self.name}"

    @property
    def version_field(self) -> str | None:
        """The field that carries the product's version, if one does."""
        return next((f.name for f in self.fields.values() if f.means == "product-version"), None)


@dataclass(frozen=True, slots=True)
class DoorMapping:
    """How a foreign wire format's names become declared ones."""

    key: str | None = None
    also: tuple[str, ...] = ()
    items: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    identities: Mapping[str, str] = field(default_factory=dict)
    instance: str | None = None
    ci: str | None = None

    def means(self, word: str) -> bool:
        """Whether a request that says `word` means this product."""
        return bool(word) and (word == self.key or word in self.also)


@dataclass(frozen=True, slots=True)
class Manifest:
    product: Product
    purposes: Mapping[str, str]
    identities: Mapping[str, Identity]
    switches: tuple[Switch, ...]
    promises: tuple[str, ...]
    items: Mapping[str, Item]  # by path
    doors: Mapping[str, DoorMapping]
    browser: Browser | None = None
    parts: Mapping[str, Part] = field(default_factory=dict)
    digest: str = field(default="", compare=False)

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(item.channel for item in self.items.values()))


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at one place of a manifest; `at` is the file and line, where that is known."""

    where: str
    found: str
    expected: str
    at: str = ""

    def __str__(self) -> str:
        at = f"{self.at}: " if self.at else ""
        return f"{at}{self.where}: found {self.found}; expected {self.expected}"


class ManifestError(ValueError):
    """A manifest that cannot be used; `problems` holds all that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))

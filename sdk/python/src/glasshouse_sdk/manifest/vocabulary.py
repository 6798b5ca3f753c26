"""Every key that a manifest may hold, as data.

The parser, the JSON Schema in `protocol/` and the reference page are all made from these tables,
so none of them can say something that another does not.
"""

from dataclasses import dataclass
from typing import Literal

Shape = Literal[
    "text",
    "slug",
    "name",
    "choice",
    "texts",
    "boolean",
    "integer",
    "number",
    "texts-by-name",
    "one-or-more",
    "any",
]

IDENTITIES = (
    "instance", "site", "device", "user", "project", "account", "organization", "license",
)  # fmt: skip
FIELD_TYPES = (
    "enum", "version", "integer", "number", "boolean", "duration", "time", "text", "address",
    "map", "list", "group",
)  # fmt: skip
OCCASIONS = ("install", "first_start", "start", "upgrade", "weekly", "command", "event")
DOORS = ("native", "segment", "percona", "dujour", "amplitude", "uplink", "beacon")
WIRES = ("native", "segment", "percona", "dujour", "amplitude")


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a table: what it may hold and what it says to a reader."""

    shape: Shape
    says: str
    required: bool = False
    values: tuple[str, ...] = ()
    default: object = None


PRODUCT = {
    "slug": Key("slug", "the product's short name in addresses and commands", required=True),
    "name": Key("text", "the product's name as its users know it", required=True),
    "vendor": Key("text", "who ships the product and receives the telemetry", required=True),
    "summary": Key("text", "one sentence that opens the disclosure page", default=""),
    "default": Key(
        "choice", "the state when no switch says anything", values=("on", "ask"), default="on"
    ),
    "applies_to": Key("text", "which releases and packagings carry telemetry", default=""),
    "since": Key("text", "first product version that sends anything; older ones send nothing"),
    "send": Key(
        "text",
        "how items leave: 'detached', 'inline 7s', 'next-run' or 'agent'",
        default="detached",
    ),
    "wire": Key("choice", "the wire format the client speaks", values=WIRES, default="native"),
    "endpoint": Key("text", "base address of the collector, shown to administrators", default=""),
    "notice": Key(
        "choice",
        "how a person is told: by the product's documents, or on a terminal at the first run",
        values=("documents", "first-run"),
        default="documents",
    ),
    "consent_version": Key("integer", "version of what a person is told", default=1),
    "contact": Key("text", "where a person can ask about the data", required=True),
    "privacy": Key("text", "address of the privacy statement", default=""),
    "terms": Key("text", "address of the terms of use", default=""),
    "keep": Key("text", "how long items are kept, such as '25 months'", default="25 months"),
    "never": Key("texts", "what is never collected, in words", default=()),
    "owner": Key("text", "who answers for this telemetry at the vendor", default=""),
    "grace": Key(
        "text", "how long after the first start nothing is sent unless it is asked for, as '24h'"
    ),
    "spread": Key("text", "over how long the first sendings of a fleet are spread, as '6h'"),
    "version_words": Key(
        "texts", "words that the product's versions may hold beside the usual", default=()
    ),
    "parts": Key("texts", "files of this product's parts, such as 'plugins/*.toml'", default=()),
}

PART = {
    "of": Key("slug", "the slug of the product that this is a part of", required=True),
    "name": Key(
        "name", "the part's short name, by which a product says that it is there", required=True
    ),
    "title": Key("text", "the part's name as users know it", required=True),
    "text": Key("text", "what the part does", default=""),
    "owner": Key("text", "who answers for the part's telemetry", required=True),
    "since": Key("integer", "consent version that introduced it", default=1),
    "send": Key(
        "choice",
        "'agent' where files of it are left for `glasshouse-agent`, if the product's differ",
        values=("agent",),
    ),
}

PURPOSE = {"text": Key("text", "why data of this purpose is collected", required=True)}

IDENTITY = {
    "made": Key(
        "choice",
        "how the identity comes to be",
        required=True,
        values=("random", "keyed-hash", "assigned"),
    ),
    "of": Key("text", "for a keyed hash: which local value is hashed; else who assigns it"),
    "lives": Key("text", "how long it lives", required=True),
    "why": Key("text", "why the product needs it", default=""),
}

SWITCH = {
    "kind": Key(
        "choice",
        "what sort of switch it is",
        required=True,
        values=(
            "environment", "file-key", "marker-file", "property", "command", "toggle", "cookie",
        ),
    ),
    "name": Key("text", "the variable, key, property, command, toggle or cookie", required=True),
    "file": Key("text", "for file-key and marker-file: the file's path"),
    "format": Key(
        "choice",
        "for file-key: the file's format",
        values=("yaml", "toml", "json", "hocon", "ini", "properties"),
    ),
    "off": Key("text", "which values mean off", required=True),
    "missing": Key(
        "choice", "what its absence means", values=("on", "off", "ask"), default="on"
    ),
    "sticky": Key("boolean", "an answer at installation holds for later ones", default=False),
    "covers": Key("texts", "the channels it turns off", default=("telemetry",)),
    "since": Key("text", "first product version that knows this switch"),
    "formerly": Key("texts", "older names that keep working", default=()),
    "steps": Key(
        "texts-by-name", "what an administrator does, per platform (Markdown)", default=None
    ),
}  # fmt: skip

PROMISE = {"text": Key("text", "what holds, in words", required=True)}

ITEM = {
    "text": Key("text", "what the item tells", default=""),
    "occasions": Key("texts", "when it is collected; also 'every 24h' and the like", default=()),
    "purpose": Key("name", "a [purpose.*] of this manifest", required=True),
    "channel": Key("name", "the stream it belongs to", default="telemetry"),
    "identities": Key("texts", "whose it is", default=("instance",)),
    "since": Key("integer", "consent version that introduced it", default=1),
    "owner": Key("text", "who answers for it", default=""),
    "starts": Key("text", "date (YYYY-MM-DD) before which it is neither sent nor accepted"),
    "ends": Key("text", "date (YYYY-MM-DD) after which it is neither sent nor accepted"),
    "keep": Key("text", "how long it is kept, if not as long as the product's"),
    "ended": Key(
        "text", "release ('2.0') or first day (YYYY-MM-DD) without it; also for older clients"
    ),
    "nested": Key(
        "choice",
        "in a run that another run of the product has started: count it too, or skip it",
        values=("count", "skip"),
        default="count",
    ),
    "fields": Key("any", "the fields, one table each", default=None),
}

COMPOSED_ITEM = {**ITEM, "part": Key("name", "the part that it comes from")}
"""What an item of a composed manifest may say: composing writes down where it comes from."""
COMPOSED_PART = {name: key for name, key in PART.items() if name not in ("of", "name")}

FIELD = {
    "type": Key("choice", "the type of its value", required=True, values=FIELD_TYPES),
    "why": Key("text", "why it is collected", required=True),
    "example": Key("any", "an example value for the disclosure page"),
    "values": Key("texts", "for enum: the values there are", default=()),
    "required": Key("boolean", "an item without it is refused", default=False),
    "anonymise": Key(
        "choice",
        "how the value is made harmless before it leaves",
        values=("none", "keyed-hash", "length", "bucket", "public-list", "place", "truncate"),
        default="none",
    ),
    "public": Key("texts", "for public-list: the names that may be sent", default=()),
    "buckets": Key("any", "for bucket: ascending lower bounds", default=()),
    "sensitivity": Key(
        "choice",
        "how sensitive it is",
        values=("technical", "interaction", "identifying"),
        default="technical",
    ),
    "means": Key(
        "choice",
        "a meaning that server or client know: the product's version; or what the client itself "
        "fills in: the run, whether it is nested, whether a person, CI or an assistant started it",
        values=("product-version", "run", "nested", "run-by"),
    ),
    "unit": Key("text", "unit of a number", default=""),
    "minimum": Key("number", "smallest value"),
    "maximum": Key("number", "largest value"),
    "longest": Key("integer", "most characters of a text or entries of a list or map"),
    "of": Key(
        "choice",
        "for list: the type of its elements; for map: of its keys (enum, version or text)",
        values=("enum", "version", "integer", "number", "boolean", "duration", "time", "text"),
    ),
    "fields": Key("any", "for group: the fields of one record", default=None),
    "since": Key("integer", "consent version that introduced it"),
    "owner": Key("text", "who answers for it", default=""),
    "expires": Key("text", "date (YYYY-MM-DD) after which it is no longer sent"),
    "was": Key(
        "one-or-more",
        "earlier names, the oldest first; older clients keep sending those",
        default=(),
    ),
    "ended": Key(
        "text", "release ('2.0') or first day (YYYY-MM-DD) without it; also for older clients"
    ),
}

DOOR = {
    "key": Key("text", "what a request says to mean this product (such as a product family)"),
    "also": Key("texts", "other words by which a request means this product", default=()),
    "items": Key("texts-by-name", "foreign item name = item of this manifest", default=None),
    "fields": Key("texts-by-name", "foreign field name = field of this manifest", default=None),
    "identities": Key("texts-by-name", "foreign value's name = identity", default=None),
    "instance": Key("text", "which foreign value is the instance"),
    "ci": Key("text", "instances that are runs of a CI system, '*' standing for any text"),
}

TOP = (
    "product", "purpose", "identity", "switch", "promise", "snapshot", "event", "doors", "part",
    "browser",
)  # fmt: skip
TOP_OF_PART = ("part", "switch", "promise", "snapshot", "event", "doors")

"""A commented manifest to start from."""

from glasshouse_sdk.manifest.parsing import parse_manifest

TEMPLATE = """\
# What {name} may ever send, why, and how a person switches it off.
# The client can send nothing else; the collector accepts nothing else; the disclosure page
# comes from here. Check it:   glasshouse manifest check {file}
# Read what it tells people:   glasshouse manifest disclose {file}

[product]
slug = "{slug}"
name = "{name}"
vendor = "Example Ltd"                     # who ships it and receives the data
contact = "privacy@example.com"            # where a person can ask
summary = "{name} counts its installations and which features they use."
default = "on"                             # on | ask: the state before anyone said anything
send = "detached"                          # detached | inline 7s | next-run | agent
endpoint = "http://127.0.0.1:8090"         # your collector; administrators see this address
keep = "25 months"
never = ["names", "file contents", "paths", "addresses"]

[purpose.versions]
text = "Know which versions are in use, so that fixes reach the people who need them."

[purpose.features]
text = "See which features are used, so that work goes where it helps."

# Whose an item is. Each identity is random, a keyed hash, or assigned by you.
[identity.instance]
made = "random"
lives = "until the state directory is removed"

# At least one way to turn it off. DO_NOT_TRACK works besides, always.
[[switch]]
kind = "environment"
name = "{variable}_TELEMETRY"
off = "0"                                  # the values that mean off
missing = "on"                             # what its absence means
steps = {{ linux = "Set `{variable}_TELEMETRY=0` in the environment of {name}." }}

[[promise]]
text = "No personal data is collected."

# A snapshot is a state: per instance and field the newest value wins.
[snapshot.host]
text = "What {name} runs on."
occasions = ["first_start", "every 24h"]
purpose = "versions"

[snapshot.host.fields.os]
type = "enum"
values = ["linux", "macos", "windows", "other"]
why = "Decide which systems to test on."
example = "linux"

# An event is something that happened.
[event.command_finished]
text = "A command ran."
occasions = ["command"]
purpose = "features"
# nested = "skip"                          # not again in a run that a run of {name} has started

[event.command_finished.fields.command]
type = "enum"
values = ["init", "run"]
required = true
why = "See which commands are used."
example = "run"

[event.command_finished.fields.seconds]
type = "duration"
unit = "s"
minimum = 0
why = "Find the slow ones."
example = 1.5
"""


def new_manifest(slug: str, name: str | None = None, file: str = "manifest.toml") -> str:
    """A complete, valid manifest with comments, for the product `slug`.

    Raises `ManifestError` if the slug or the name cannot stand in a manifest.
    """
    text = TEMPLATE.format(
        slug=slug,
        name=(name or slug).replace("\\", "\\\\").replace('"', '\\"'),
        file=file,
        variable=slug.upper().replace("-", "_"),
    )
    parse_manifest(text)
    return text

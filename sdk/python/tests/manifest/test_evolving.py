"""What a manifest may say about its fields' pasts and ends, and what is worth a second look."""

import pytest

from glasshouse_sdk.manifest import (
    ManifestError,
    compile_manifest,
    disclosure,
    lints_of,
    parse_manifest,
    plain_key,
    plain_version,
)

MANIFEST = """
[product]
slug = "acme"
name = "Acme"
vendor = "Example"
contact = "privacy@example.com"
grace = "24h"
spread = "6h"
[purpose.use]
text = "See which features are used."
[identity.instance]
made = "random"
lives = "until it is removed"
[[switch]]
kind = "environment"
name = "ACME_TELEMETRY"
off = "0"
[event.run]
purpose = "use"
nested = "skip"
[event.run.fields]
edition = { type = "enum", values = ["a", "b"], was = "flavour", why = "w" }
size = { type = "integer", was = ["bytes", "length"], why = "w" }
old = { type = "integer", ended = "2.0", why = "w" }
gone = { type = "integer", ended = "2027-06-30", why = "w" }
run = { type = "text", anonymise = "keyed-hash", means = "run", why = "w" }
by = { type = "enum", values = ["person", "ci", "assistant"], means = "run-by", why = "w" }
agents = { type = "map", of = "version", why = "w" }
"""


def changed(*pairs):
    text = MANIFEST
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


def test_it_is_read():
    fields = parse_manifest(MANIFEST).items["event.run"].fields
    assert (fields["edition"].was, fields["edition"].first_name) == (("flavour",), "flavour")
    assert fields["size"].was == ("bytes", "length")
    compiled = compile_manifest(parse_manifest(MANIFEST))
    assert (compiled["product"]["grace"], compiled["product"]["spread"]) == (86_400, 21_600)
    assert compiled["runs"] is True
    page = disclosure(parse_manifest(MANIFEST))
    assert "Was called `flavour`." in page
    assert "Ended: 2.0; it is not collected any more." in page
    assert "For 24 hours after the first start nothing is sent unless you ask for it." in page
    assert "Not collected again where a run of the product has started another." in page


@pytest.mark.parametrize(
    ("old", "new", "where", "says"),
    [
        ('was = "flavour"', 'was = "size"', "edition.was", "another name than 'size' has"),
        ('was = "flavour"', 'was = "Edition"', "edition.was", "another name"),
        ('was = "flavour"', 'was = "bytes"', "size.was", "another name than 'edition' has"),
        ('was = "flavour"', 'was = "a b"', "edition.was", "the name of a field"),
        ('was = "flavour"', "was = 3", "edition.was", "a text or a list of texts"),
        ('ended = "2.0"', 'ended = "soon"', "old.ended", "a release as '2.0'"),
        ('ended = "2.0"', 'ended = "2.0", required = true', "old.required", "no 'ended'"),
        ('grace = "24h"', 'grace = "a day"', "product.grace", "'24h'"),
        ('means = "run",', 'means = "nested",', "run.means", "the type 'boolean'"),
        ('"ci", "assistant"', '"robot"', "by.values", "person, ci, assistant"),
        ('of = "version"', 'of = "text"', "agents.anonymise", "keyed-hash"),
        ('of = "version"', 'of = "integer"', "agents", "'enum', 'version' or 'text'"),
        ('of = "version"', 'anonymise = "length"', "agents", "keyed-hash or public-list"),
        ('nested = "skip"', 'nested = "no"', "event.run.nested", "count, skip"),
    ],
)
def test_what_cannot_be_is_told(old, new, where, says):
    with pytest.raises(ManifestError) as raised:
        parse_manifest(changed((old, new)))
    found = [str(problem) for problem in raised.value.problems]
    assert any(where in problem and says in problem for problem in found), found


def test_what_is_worth_a_second_look():
    assert lints_of(parse_manifest(MANIFEST)) == ()
    risky = changed(
        (', of = "version"', ""),
        ('old = { type = "integer", ended = "2.0"', 'hostname = { type = "version"'),
        ('gone = { type = "integer", ended = "2027-06-30"', 'os = { type = "text", anonymise = '
         '"public-list", public = ["Debian *", "Plan 9"]'),
    )  # fmt: skip
    found = [(risk.where, risk.found) for risk in lints_of(parse_manifest(risky))]
    assert found == [
        ("event.run.fields.agents", "a map whose keys may be anything"),
        (
            "event.run.fields.os.public",
            "'Debian *', whose '*' is up to 40 characters of anybody's choice",
        ),
        ("event.run.fields.hostname", "the name 'hostname', not anonymised"),
    ]


def test_pages_that_count_as_installations_are_worth_a_second_look():
    pages = (
        changed()
        + """
[browser]
page_view = "event.page_view"

[[switch]]
kind = "cookie"
name = "acme_telemetry"
off = "necessary"
missing = "on"
covers = ["telemetry"]
steps = { browser = "Choose 'Necessary Only'." }

[event.page_view]
text = "A page."
purpose = "use"
fields.route = { type = "enum", values = ["/"], required = true, why = "Which.", example = "/" }
"""
    )
    (found,) = lints_of(parse_manifest(pages))
    assert found.where == "browser"
    assert "both count as instances" in found.found
    assert "a product of its own" in found.expected


@pytest.mark.parametrize(
    "version",
    [
        "8.0.4-1.el9", "1.2+g1a2b3c4", "4.4.26-25", "2.440.1.4", "1.8.0_392-b08", "3.12.0rc1",
        "17.0.9+9-Ubuntu-120.04", "6.1.0-18-amd64", "1:9.2p1-2+deb12u3", "v1.2", "2023.8.1",
        "4.18.0-513.9.1.el8_9.x86_64", "22.04.3-LTS", "RELEASE.2023-11-20T22-40-07Z", "22H2",
        "1.0.0-SNAPSHOT", "10.0.19045", "7.0.14-8.jammy", "0.0.0.dev0", "snapshot-20260131",
        "120.0.6099.109", "1.0.0.0", "jdk-17.0.9",
    ],
)  # fmt: skip
def test_a_version_stays_as_it_is(version):
    assert plain_version(version) == version
    assert plain_version(plain_version(version)) == version


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("2.4.1-fix-for-ann", "2.4.1-other-other-other"),
        ("1.0-CANARYab12", "1.0-other"),
        ("feature-x", "other"),
        ("ann_smith", "other"),
        ("db17.example.com", "other"),
        ("192.168.17.40", "other"),
        ("550e8400-e29b-41d4-a716-446655440000", "other"),
        ("00:1a:2b:3c:4d:5e", "other"),
        ("4915112345678901", "other"),
        ("1.0-1a2b3c4-5d6e7f8", "1.0-1a2b3c4-other"),  # one commit is a commit, two are a text
        ("1.0-deadbeefdeadbeef", "1.0-other"),
    ],
)
def test_what_is_no_version_does_not_pass_for_one(text, left):
    assert plain_version(text) == left
    assert plain_version(left) == left


def test_a_manifest_may_know_more_words():
    assert plain_version("2.0-kirk", frozenset({"kirk"})) == "2.0-kirk"
    assert plain_version("2.0-Kirk-x-ann", frozenset({"kirk"})) == "2.0-Kirk-x-other"


@pytest.mark.parametrize(
    ("key", "left"),
    [
        ("Debian 12", "Debian 12"), ("Windows/2019", "Windows/2019"), ("7.25.0", "7.25.0"),
        ("Ubuntu 22.04 LTS", "Ubuntu 22.04 LTS"), ("x86_64", "x86_64"), ("customers", "other"),
        ("CANARY 9", "other"), ("", "other"), ("192.168.17.40", "other"), ("ann", "other"),
    ],
)  # fmt: skip
def test_a_key_is_numbers_and_known_systems(key, left):
    assert plain_key(key) == left

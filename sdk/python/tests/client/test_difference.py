# ruff: noqa: E501
"""What a release changes for its users, in words, and whether they would be told."""

import pytest

from glasshouse_sdk.compiled import load_compiled
from glasshouse_sdk.difference import difference, untold

WIDER = [
    (("consent_version = 1", "consent_version = 2"), ('values = ["run", "build"]', 'values = ["run"]'), [], []),
    (
        ("consent_version = 1", "consent_version = 2"),
        ("count = {", 'more = { type = "integer", since = 2, why = "See more." }\ncount = {'),
        ["event.done now also sends more (integer). See more."],
        [],
    ),
    (
        ("x", "x"),
        ("count = {", 'more = { type = "integer", why = "See more." }\ncount = {'),
        ["event.done now also sends more (integer). See more."],
        ["event.done now also sends more (integer). See more."],
    ),
    (
        ("x", "x"),
        ('message = { type = "text", anonymise = "length"', 'message = { type = "text", anonymise = "keyed-hash"'),
        ["event.done.message leaves as keyed-hash, no longer as length."],
        ["event.done.message leaves as keyed-hash, no longer as length."],
    ),
    (
        ("x", "x"),
        ('project = { type = "text", anonymise = "keyed-hash"', 'project = { type = "text", anonymise = "length"'),
        [],
        [],
    ),
    (
        ("x", "x"),
        ('formerly = ["ACME_STATS"]\n', ""),
        ["The switch ACME_STATS (environment) is gone."],
        ["The switch ACME_STATS (environment) is gone."],
    ),
    (
        ("x", "x"),
        ('endpoint = "http://127.0.0.1:9"', 'endpoint = "https://elsewhere.example.com"'),
        ["It is sent to https://elsewhere.example.com, no longer to http://127.0.0.1:9."],
        ["It is sent to https://elsewhere.example.com, no longer to http://127.0.0.1:9."],
    ),
    (
        ("x", "x"),
        ("rows = {", 'name = { type = "version", why = "N." }, rows = {'),
        ["event.done.tables now also sends name (version). N."],
        ["event.done.tables now also sends name (version). N."],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("version", "change", "wider", "hidden"), WIDER)
def test_what_widens_and_what_is_not_told(manifest_with, version, change, wider, hidden):
    slug = ('slug = "acme"', 'slug = "acme"\nconsent_version = 1')
    old = load_compiled(manifest_with(slug, name="old.json"))
    version = version if version[0] != "x" else ("consent_version = 1", "consent_version = 1")
    new = load_compiled(manifest_with(slug, version, change, name="new.json"))
    assert [c.text for c in difference(old, new) if c.widens] == wider
    assert [c.text for c in untold(old, new)] == hidden
    assert difference(old, new)
    assert difference(new, new) == ()


def test_the_command_says_so_and_fails_where_people_are_not_told(manifest_with, manifest, sdk):
    new = manifest_with(("count = {", 'more = { type = "integer", why = "See more." }\ncount = {'))
    text = sdk("diff", manifest, manifest=new, code=1)
    assert "+ event.done now also sends more (integer). See more." in text
    assert "raise consent_version" in text
    assert sdk("diff", new, manifest=manifest) == "- event.done no longer sends more.\n"
    assert "Nothing changes" in sdk("diff", manifest)
    assert "expected a manifest" in sdk("diff", "/none.json", code=2)

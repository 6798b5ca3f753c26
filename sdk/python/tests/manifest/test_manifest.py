"""Manifests: all errors at once, each with its place, what was found and what is expected."""

import json
from pathlib import Path

import pytest

from glasshouse_sdk.manifest import (
    ManifestError,
    compile_manifest,
    compiled_text,
    disclosure,
    new_manifest,
    parse_manifest,
    read_manifest,
)

GOOD = new_manifest("shop", "Shop")
TWO_CASES = """
[snapshot.host.fields.os_]
type = "integer"
why = "w"
[snapshot.host.fields.OS_]
"""


def problems(text: str | bytes) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(text)
    return [str(problem) for problem in caught.value.problems]


def test_the_template_is_a_valid_manifest():
    manifest = parse_manifest(GOOD)
    assert manifest.product.slug == "shop"
    assert list(manifest.items) == ["snapshot.host", "event.command_finished"]


def test_the_digest_depends_on_the_content_alone():
    commented = "# a comment\n" + GOOD.replace('slug = "shop"', 'slug   =   "shop" # same')
    assert parse_manifest(commented).digest == parse_manifest(GOOD).digest
    assert (
        parse_manifest(GOOD.replace("25 months", "24 months")).digest != parse_manifest(GOOD).digest
    )


def test_every_error_is_reported_at_once():
    found = problems(
        """
        [product]
        slug = "Shop!"
        nmae = "Shop"
        vendor = 7
        contact = "x"
        default = "off"
        send = "inline 99s"
        [evnt.x]
        [event.run]
        purpose = 3
        [event.run.fields.name]
        type = "txt"
        """
    )
    places = [line.split(":")[0] for line in found]
    assert places == [
        "evnt",
        "product.nmae",
        "product.slug",
        "product.name",
        "product.vendor",
        "product.default",
        "product.send",
        "event.run.purpose",
        "event.run.fields.name.type",
        "event.run.fields.name.why",
    ]
    assert "did you mean 'event'?" in found[0]
    assert "did you mean 'name'?" in found[1]


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ('purpose = "features"', 'purpose = "feature"', "event.command_finished.purpose"),
        ('occasions = ["command"]', 'occasions = ["daily"]', "event.command_finished.occasions"),
        ('keep = "25 months"', 'keep = "long"', "product.keep"),
        ("minimum = 0", "minimum = 0\nmaximum = -1", "event.command_finished.fields.seconds.min"),
        ('type = "duration"', 'type = "text"', "event.command_finished.fields.seconds.anonymise"),
        ('values = ["init", "run"]', "", "event.command_finished.fields.command.values"),
        ("[identity.instance]", "[identity.device]", "snapshot.host.identities"),
        ("[snapshot.host.fields.os]", TWO_CASES, "snapshot.host.fields.OS_"),
        ('missing = "on"', 'missing = "on"\ncovers = ["telemetri"]', "switch"),
        (
            'occasions = ["command"]',
            'occasions = ["command"]\nsince = 2',
            "event.command_finished.s",
        ),
        ('occasions = ["command"]', 'occasions = ["command"]\nends = "soon"', "event.command_f"),
        (
            "[event.command_finished]",
            '[doors.percona.items]\ntool = "event.command_finished"\n[event.command_finished]',
            "doors.percona.items.tool",
        ),
    ],
)
def test_what_must_hold_across_tables_is_checked(before, after, place):
    assert before in GOOD
    found = problems(GOOD.replace(before, after, 1))
    assert any(line.startswith(place) for line in found), found


@pytest.mark.parametrize("text", [b"\xff", "product = ", "a = 1\na = 2", "x" * 1_000_001])
def test_what_is_no_toml_is_one_problem(text):
    assert len(problems(text)) == 1


def test_values_of_hostile_shape_are_problems_not_tracebacks():
    for text in (
        "product = 3",
        "[product]\nslug = [1]",
        "switch = 'x'",
        "event = []",
        "[event]\nx = 3",
        "[event.x]\nfields = 3",
        "promise = [3]",
        "doors = 1",
    ):
        assert problems(text)


def test_a_missing_file_is_a_problem(tmp_path):
    with pytest.raises(ManifestError, match="expected a readable file"):
        read_manifest(tmp_path / "none.toml")


def test_the_compiled_manifest_is_small_json_with_the_digest():
    manifest = parse_manifest(GOOD)
    compiled = json.loads(compiled_text(manifest))
    assert compiled == json.loads(json.dumps(compile_manifest(manifest)))
    assert compiled["digest"] == manifest.digest
    assert compiled["items"]["event.command_finished"]["fields"]["command"]["required"] is True


def test_the_disclosure_names_every_field_switch_and_promise():
    page = disclosure(parse_manifest(GOOD))
    for text in (
        "`os`",
        "`command`",
        "`seconds`",
        "SHOP_TELEMETRY",
        "DO_NOT_TRACK",
        "No personal data is collected.",
        "privacy@example.com",
        "25 months",
    ):
        assert text in page
    assert "| Field | Type | Anonymized | Why | Example |" in page


def test_a_text_cannot_break_out_of_the_disclosures_tables():
    hostile = GOOD.replace('why = "Find the slow ones."', 'why = "a | b\\n| c"')
    page = disclosure(parse_manifest(hostile))
    assert "a \\| b \\| c" in page


PRODUCTS = Path(__file__).parents[4] / "products"


def test_psmdb_declares_exactly_what_its_page_lists():
    """PC-16 to PC-19: four metrics, no more, but in the part of later versions."""
    manifest = read_manifest(PRODUCTS / "percona-server-mongodb/manifest.toml")
    fields = [n for item in manifest.items.values() if item.part is None for n in item.fields]
    assert sorted(fields) == ["OS", "deployment", "hardware_arch", "pillar_version"]

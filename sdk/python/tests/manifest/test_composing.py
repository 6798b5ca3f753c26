"""A product and its parts: one manifest, and every conflict told with both files and lines."""

import json

import pytest

from glasshouse_sdk.manifest import (
    ManifestError,
    compile_manifest,
    compose,
    disclosure,
    installed,
    of_part,
    parse_manifest,
    read_manifest,
)

WHOLE = """\
[product]
slug = "controller"
name = "Controller"
vendor = "Example"
contact = "privacy@example.com"
consent_version = 2
keep = "25 months"
parts = ["plugins/*.toml"]

[purpose.use]
text = "See which features are used."

[identity.instance]
made = "random"
lives = "until it is removed"

[[switch]]
kind = "environment"
name = "CONTROLLER_TELEMETRY"
off = "0"

[event.job_finished]
purpose = "use"
[event.job_finished.fields.result]
type = "enum"
values = ["success", "failure"]
why = "See how often jobs fail."
"""

PIPELINES = """\
[part]
of = "controller"
name = "pipelines"
title = "Pipelines"
owner = "pipelines@example.com"
since = 2

[event.pipeline_finished]
purpose = "use"
[event.pipeline_finished.fields.stages]
type = "integer"
why = "See how long pipelines are."
"""

ROLES = """\
[part]
of = "controller"
name = "roles"
title = "Role-based access"
owner = "roles@example.com"

[snapshot.roles]
purpose = "use"
[snapshot.roles.fields.used]
type = "boolean"
why = "See whether roles are used."
"""


@pytest.fixture
def write(tmp_path):
    """Writes the whole and its parts, changed as told; the path of the whole."""

    def written(whole=WHOLE, **parts):
        (tmp_path / "plugins").mkdir(exist_ok=True)
        for name, text in {"pipelines": PIPELINES, "roles": ROLES, **parts}.items():
            (tmp_path / "plugins" / f"{name}.toml").write_text(text)
        path = tmp_path / "controller.toml"
        path.write_text(whole)
        return path

    return written


def problems(path):
    with pytest.raises(ManifestError) as raised:
        read_manifest(path)
    return [str(problem) for problem in raised.value.problems]


def test_items_of_all_parts_are_in_one_manifest(write):
    manifest = read_manifest(write())
    assert {path: item.part for path, item in manifest.items.items()} == {
        "snapshot.roles": "roles",
        "event.job_finished": None,
        "event.pipeline_finished": "pipelines",
    }
    pipelines = manifest.items["event.pipeline_finished"]
    assert (pipelines.since, pipelines.owner) == (2, "pipelines@example.com")
    assert pipelines.fields["stages"].since == 2
    assert manifest.parts["roles"].title == "Role-based access"


def test_one_document_says_the_same(write):
    path = write()
    composed = compose(path).text
    assert parse_manifest(composed) == read_manifest(path)
    assert parse_manifest(composed).digest == read_manifest(path).digest
    compiled = compile_manifest(parse_manifest(composed))
    assert list(compiled["parts"]) == ["pipelines", "roles"]
    assert compiled["items"]["snapshot.roles"]["part"] == "roles"


def test_the_digest_follows_every_part(write):
    before = read_manifest(write()).digest
    comment = read_manifest(write(roles="# a comment\n" + ROLES)).digest
    assert comment == before
    assert read_manifest(write(roles=ROLES.replace("roles are", "they are"))).digest != before


def test_the_uncomposed_whole_is_no_manifest_by_itself(write):
    with pytest.raises(ManifestError, match="expected a composed manifest"):
        parse_manifest(write().read_bytes())


def test_a_part_is_no_manifest_by_itself(write):
    write()
    (problem,) = problems(write().parent / "plugins/roles.toml")
    assert "found a part of 'controller'" in problem


@pytest.mark.parametrize(
    ("roles", "where", "says"),
    [
        (
            ROLES.replace("snapshot.roles", "event.job_finished"),
            "roles.toml:7: event.job_finished",
            "controller.toml:22",
        ),
        (
            ROLES.replace("snapshot.roles", "event.pipeline_finished"),
            "roles.toml:7: event.pipeline_finished",
            "pipelines.toml:8",
        ),
        (ROLES.replace('"roles"', '"pipelines"'), "roles.toml:3: part.name", "pipelines.toml:3"),
        (
            ROLES + '[[switch]]\nkind = "environment"\nname = "CONTROLLER_TELEMETRY"\noff = "1"\n',
            "roles.toml:12: switch[1]",
            "controller.toml:17",
        ),
    ],
)
def test_a_conflict_is_told_with_both_files_and_lines(write, roles, where, says):
    (problem, *_) = problems(write(roles=roles))
    assert where in problem
    assert says in problem


@pytest.mark.parametrize(
    ("roles", "where", "says"),
    [
        (ROLES + "[product]\ndefault = 'on'\n", "roles.toml:12: product", "of the whole"),
        (ROLES + "[purpose.more]\ntext = 'x'\n", ": purpose", "of the whole"),
        (ROLES + "[identity.user]\nmade = 'assigned'\n", ": identity", "of the whole"),
        (ROLES + "[doors.segment]\nkey = 'roles'\n", "doors.segment.key", "of the whole"),
        (
            ROLES.replace("[snapshot.roles]", "[snapshot.roles]\nchannel = 'secret'"),
            "roles.toml:8: snapshot.roles.channel",
            "no switch of the product turns off",
        ),
        (
            PIPELINES.replace('"pipelines"', '"roles"')
            .replace("pipeline_finished", "roles")
            .replace("[event.roles]", "[event.roles]\nsince = 1"),
            "event.roles.since",
            "nobody was told of the part before",
        ),
        (
            ROLES + "[[switch]]\nkind = 'environment'\nname = 'X'\noff = '0'\n",
            "switch[1].covers",
            "which others send on as well",
        ),
        (ROLES.replace('"controller"', '"other"'), "part.of", "'controller'"),
        (ROLES.replace("owner", "ownr"), "roles.toml:5: part.ownr", "did you mean 'owner'"),
        (ROLES.replace('"use"', '"usage"'), "snapshot.roles.purpose", "did you mean 'use'"),
        ("[part\n", "roles.toml: file", "no TOML"),
    ],
)
def test_a_part_cannot_loosen_or_break_the_whole(write, roles, where, says):
    found = problems(write(roles=roles))
    assert any(where in problem and says in problem for problem in found), found


def test_a_part_may_have_a_switch_of_its_own(write):
    whole = WHOLE + '[[switch]]\nkind="environment"\nname="ALL"\noff="0"\ncovers=["roles"]\n'
    own = ROLES.replace("[snapshot.roles]", '[snapshot.roles]\nchannel = "roles"')
    own += '[[switch]]\nkind = "environment"\nname = "ROLES"\noff = "0"\ncovers = ["roles"]\n'
    manifest = read_manifest(write(whole, roles=own))
    assert [switch.name for switch in manifest.switches] == ["CONTROLLER_TELEMETRY", "ALL", "ROLES"]


def test_a_problem_within_a_part_names_its_line(write):
    wrong = ROLES.replace('"boolean"', '"enum"')
    (problem,) = problems(write(roles=wrong))
    assert "plugins/roles.toml:9: snapshot.roles.fields.used.values" in problem


def test_files_that_are_not_there(write):
    (problem,) = problems(write(WHOLE.replace("plugins/*.toml", "addons/*.toml")))
    assert "controller.toml:8: product.parts: found 'addons/*.toml'" in problem


def test_doors_of_parts_are_merged(write):
    whole = WHOLE + '[doors.segment]\nkey = "c"\nitems = { "Job" = "event.job_finished" }\n'
    mapped = PIPELINES + '[doors.segment.items]\n"Pipeline Ended" = "event.pipeline_finished"\n'
    door = read_manifest(write(whole, pipelines=mapped)).doors["segment"]
    assert (door.key, set(door.items)) == ("c", {"Job", "Pipeline Ended"})
    clash = mapped + 'Job = "event.pipeline_finished"\n'
    (problem,) = problems(write(whole, pipelines=clash))
    assert "pipelines.toml:15: doors.segment.items.Job" in problem
    assert "controller.toml:30" in problem


def test_the_page_says_which_part_an_item_comes_from(write):
    manifest = read_manifest(write())
    page = disclosure(manifest)
    assert "Part: **Pipelines**; sent only where that is installed." in page
    assert page.index("### job_finished") < page.index("### pipeline_finished")
    only = disclosure(of_part(manifest, "roles"))
    assert "### roles" in only
    assert "### job_finished" not in only
    without = disclosure(installed(manifest, ["roles"]))
    assert "### job_finished" in without
    assert "Pipelines" not in without


def test_the_page_of_one_part_has_its_own_way_to_send_and_its_switches_alone(write):
    whole = WHOLE + '[[switch]]\nkind="environment"\nname="ALL"\noff="0"\ncovers=["roles"]\n'
    own = ROLES.replace("[snapshot.roles]", '[snapshot.roles]\nchannel = "roles"')
    own = own.replace("[part]\n", '[part]\nsend = "agent"\nsince = 2\n', 1)
    manifest = read_manifest(write(whole, roles=own))
    page = disclosure(of_part(manifest, "roles"))
    assert page.startswith("# Telemetry in Controller: ")
    assert "A service on the same machine sends" in page
    assert "New with version 2 of what you are told" in page
    assert "### `ALL`" in page
    assert "### `CONTROLLER_TELEMETRY`" not in page
    assert "### `ALL`" not in disclosure(installed(manifest, ["pipelines"]))


def test_the_composed_document_is_json(write):
    assert json.loads(compose(write()).text)["part"]["roles"]["owner"] == "roles@example.com"

# ruff: noqa: E501 (lines of manifests are as long as they are)
"""`[browser]` of a manifest: what is refused, and what the tracker gets to know of the rest."""

import re
from pathlib import Path

import pytest

from glasshouse_sdk.browser import configuration
from glasshouse_sdk.browser.configuration import expression
from glasshouse_sdk.manifest import ManifestError, compile_manifest, disclosure, parse_manifest

REPOSITORY = Path(__file__).parents[4]
SOURCE = (REPOSITORY / "sdk" / "browser" / "examples" / "telemetry.toml").read_text()
GUIDES = ("console-server-rendered.md", "console-single-page.md")


def problems(old, new):
    assert old in SOURCE
    with pytest.raises(ManifestError) as refused:
        parse_manifest(SOURCE.replace(old, new))
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('page_view = "event.page_view"', 'page_view = "event.page_veiw"', "did you mean"),
        ('page_view = "event.page_view"', 'page_views = "event.page_view"', "unknown key"),
        ('actions = ["event.setup_step", "event.report_uploaded"]', 'actions = ["snapshot.x"]', "declared event"),
        ('kind = "cookie"', 'kind = "toggle"', "0 of the kind 'cookie'"),
        ('name = "console_telemetry"', 'name = "a; b"', "a cookie's name"),
        ('"/nodes/:name"', '"/nodes?x=1"', "patterns of paths"),
        ('"/nodes/:name"', '"nodes"', "patterns of paths"),
        ('"/nodes/:name"', '"/a/*/b"', "patterns of paths"),
        ("fields.screen_width", "fields.screen", "does not know"),
        ("fields.load_time", "fields.first_paint", "does not know"),
        ('type = "duration", unit = "ms"', 'type = "duration", unit = "min"', "s or ms"),
        ('anonymise = "bucket", buckets = [0, 600, 1024, 1440], ', "", "tell visitors apart"),
        ('public = ["docs.example.com"]', 'public = ["*.example.com"]', "without '*'"),
        ('anonymise = "public-list", public = ["docs.example.com"]', 'anonymise = "keyed-hash"', "keeps no secret"),
        ("fields.route =", "fields.language2 =", "no route"),
        ("fields.route =", 'fields.address = { type = "address", why = "w" }\nfields.route =', "truncate or place"),
        ('fields.shared = { type = "boolean"', 'fields.shared = { type = "map"', "enum or integer"),
        ('fields.name = { type = "enum", values = ["add-node", "run", "help", "sign-in"]', 'fields.name = { type = "integer"', "enum"),
        ("[browser]", '[browser]\nbanner = { deutsch = { all = "Ja" } }', "a language as 'de'"),
        ("[browser]", '[browser]\nbanner = { de = { ja = "Ja" } }', "title, text"),
        ("[browser]", '[browser]\nbanner = { de = "Ja" }', "a table of texts"),
        ("[browser]", '[browser]\nidentifier = "yes"', "true or false"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words(old, new, says):
    assert any(says in problem for problem in problems(old, new)), problems(old, new)


@pytest.mark.parametrize(
    ("route", "fits", "does_not"),
    [
        ("/", ["/"], ["/x"]),
        ("/nodes", ["/nodes", "/nodes/"], ["/nodes/x", "/x/nodes", "/Nodes"]),
        ("/nodes/:name", ["/nodes/x", "/nodes/a.b-c/"], ["/nodes", "/nodes/", "/nodes/x/y"]),
        ("/docs/*", ["/docs", "/docs/", "/docs/a/b"], ["/docsx", "/x/docs/a"]),
        ("/a.b", ["/a.b"], ["/axb"]),
        ("/c++/:x", ["/c++/1"], ["/ccc/1"]),
        ("other", ["/", "/x/y", ""], []),
    ],
)
def test_a_route_stands_for_these_paths(route, fits, does_not):
    pattern = re.compile(expression(route))
    assert all(pattern.search(path) for path in fits)
    assert not any(pattern.search(path) for path in does_not)


def test_an_address_is_the_collectors_to_fill_and_no_page_tells_one():
    declared = 'fields.address = { type = "address", anonymise = "truncate", why = "w" }\n'
    source = SOURCE.replace("fields.route =", declared + "fields.route =", 1)
    allowed = configuration(compile_manifest(parse_manifest(source)), "items")["items"]
    assert "route" in allowed["event.page_view"]
    assert "address" not in allowed["event.page_view"]


def test_narrow_routes_are_tried_before_wide_ones():
    values = '"other", "/docs/*", "/:a/:b", "/:a/new", "/nodes/:name", "/nodes/new", "/"'
    start = SOURCE.index('values = ["/", "/login"')
    end = SOURCE.index("]", start)
    source = SOURCE[:start] + f"values = [{values}" + SOURCE[end:]
    routes = configuration(compile_manifest(parse_manifest(source)), "items")["routes"]
    order = [route for _, route in routes]
    assert order.index("/nodes/new") < order.index("/nodes/:name") < order.index("/:a/:b")
    assert order.index("/:a/new") < order.index("/:a/:b")
    assert order[-2:] == ["/docs/*", "other"]


def test_the_tracker_is_told_what_may_leave_and_no_more():
    facts = configuration(compile_manifest(parse_manifest(SOURCE)), "items")
    assert set(facts["items"]) == {
        "event.page_view", "event.click", "event.setup_step", "event.report_uploaded",
    }  # fmt: skip
    assert facts["items"]["event.report_uploaded"] == {
        "format": ["html", "json", "other"],
        "shared": "boolean",
    }
    assert facts["items"]["event.page_view"]["screen_width"] == [0, 1280, 1920, 2560]
    assert facts["ask"] is True
    assert "why" not in str(facts)


def test_the_disclosure_says_what_pages_do():
    page = disclosure(parse_manifest(SOURCE))
    assert "## In web pages" in page
    assert "pages send nothing at all" in page
    assert "`console_telemetry`" in page
    assert "random identifier" not in page
    with_one = SOURCE.replace("[browser]\n", "[browser]\nidentifier = true\n")
    assert "random identifier" in disclosure(parse_manifest(with_one))


@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_names_what_is_there(name):
    """Files, and the fields that the tracker knows; the consoles themselves run in a browser."""
    text = (REPOSITORY / "docs" / "guides" / name).read_text()
    for path in re.findall(r"`?(sdk/browser/[\w./-]+\w)", text):
        assert (REPOSITORY / path).exists(), path
    for link in re.findall(r"\]\((?!http)([^)#]+)", text):
        assert (REPOSITORY / "docs" / "guides" / link).exists(), link


def test_the_guides_lines_are_those_of_the_sample():
    guide = (REPOSITORY / "docs" / "guides" / GUIDES[0]).read_text()
    sample = (REPOSITORY / "sdk" / "browser" / "examples" / "server_rendered.py").read_text()
    for line in re.findall(r"^<script .*$", guide, re.MULTILINE):
        assert line in sample
    for line in ("from glasshouse_sdk.browser.relay import Relay", "RelayMiddleware("):
        assert line in guide
        assert line in sample


def test_the_guides_manifest_is_one():
    guide = (REPOSITORY / "docs" / "guides" / GUIDES[0]).read_text()
    (block,) = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    start = '[product]\nslug = "x"\nname = "X"\nvendor = "V"\ncontact = "c"\n[purpose.design]\ntext = "t"\n[identity.instance]\nmade = "random"\nlives = "l"\n'
    rest = (
        '[event.click]\npurpose = "design"\nfields.role = { type = "enum", values = ["link"], why = "w" }\n'
        '[event.setup_step]\npurpose = "design"\nfields.step = { type = "enum", values = ["a"], why = "w" }\n'
    )
    assert parse_manifest(start + block + rest).browser is not None

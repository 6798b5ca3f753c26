"""One key in a configuration file: found where it is, and off where it cannot be understood."""

import configparser
import contextlib
import json
import sys
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse_sdk.keyfiles import SCANNERS, NotUnderstoodError, find_key

KEY = "telemetry.enabled"

FOUND = [
    ("yaml", "telemetry:\n  enabled: false\n", "false", 2),
    ("yaml", "a: 1\ntelemetry:\n    # why\n    other: x\n\n    enabled:   no # comment\n", "no", 6),
    ("yaml", "telemetry.enabled: off\n", "off", 1),
    ("yaml", "'telemetry':\n  \"enabled\": 'false'\n", "false", 2),
    ("yaml", 'telemetry:\n  enabled: "false"   # so\n', "false", 2),
    ("yaml", "telemetry:\n  enabled:\nother: 1\n", "", 2),
    ("yaml", "telemetry:\n  enabled: ~\n", "", 2),
    ("yaml", "---\n# c\ntelemetry:\n  enabled: true\n...\n", "true", 4),
    ("yaml", "%YAML 1.2\n---\ntelemetry:\n  enabled: true\n", "true", 4),
    ("yaml", "list:\n- telemetry:\n    enabled: x\n- b\ntelemetry:\n  enabled: 1\n", "1", 6),
    ("yaml", "text: |\n  telemetry:\n    enabled: false\ntelemetry:\n  enabled: 1\n", "1", 5),
    ("yaml", "flow: {a: [1,\n telemetry: 2]}\ntelemetry:\n  enabled: 1\n", "1", 4),
    ("yaml", 'a: "two\n  telemetry:\n  lines"\ntelemetry:\n  enabled: 1\n', "1", 5),
    ("yaml", "base: &base\n  telemetry: 5\nuse: *base\ntelemetry:\n  enabled: 1\n", "1", 5),
    ("yaml", "url: http://x:80/#a\ntelemetry:\n  enabled: on\n", "on", 3),
    ("yaml", "deep:\n  telemetry:\n    enabled: 0\ntelemetry:\n  enabled: 1\n", "1", 5),
    ("yaml", "plain: goes\n  on: x\ntelemetry:\n  enabled: 1\n", "1", 4),
    ("toml", "[telemetry]\nenabled = false\n", "false", 2),
    ("toml", "a = 1\ntelemetry.enabled = 'no'\n", "no", 2),
    ("toml", "telemetry = { enabled = 0 }\n", "0", 0),
    ("json", '{\n "telemetry": {\n  "enabled": false}}', "false", 3),
    ("json", '{"x": ["}", {"telemetry": 1}],\n"telemetry": {"enabled": null}}', "", 2),
    ("json", '{"telemetry.enabled": "no"}', "no", 1),
    ("hocon", "telemetry.enabled = false\n", "false", 1),
    ("hocon", "telemetry { enabled: off }  # so", "off", 1),
    ("hocon", "// c\nx = ${y}\ntelemetry {\n  a = [1, {b = 2}]\n  enabled = no\n}\n", "no", 5),
    ("hocon", '{ telemetry : { "enabled" = "false" } }', "false", 1),
    ("hocon", 'x = """telemetry.enabled = 1"""\ntelemetry = { enabled = no, z = 1 }', "no", 2),
    ("ini", "[telemetry]\nenabled = false\n", "false", 2),
    ("ini", "; c\n[Telemetry]\nEnabled: no ; why\n[other]\nenabled = yes\n", "no", 3),
    ("ini", "[x]\nlong = a\n  [telemetry]\n[telemetry]\nenabled\n", "", 5),
    ("properties", "# c\n! c\ntelemetry.enabled=false\n", "false", 3),
    ("properties", "telemetry.enabled : no", "no", 1),
    ("properties", "telemetry.enabled   no", "no", 1),
    ("properties", "a = b \\\n  telemetry.enabled=1\ntelemetry.enab\\\n  led = n\\\n  o", "no", 3),
    ("properties", "telemetry\\u002eenabled = f\\u0061lse", "false", 1),
]  # fmt: skip

ABSENT = [
    ("yaml", ""),
    ("yaml", "# telemetry:\n#  enabled: false\n"),
    ("yaml", "telemetry:\n  other: 1\n"),
    ("yaml", "telemetry:\n"),
    ("yaml", "other:\n  telemetry:\n    enabled: 1\n"),
    ("yaml", "- telemetry:\n    enabled: false\n"),
    ("toml", "[other]\nenabled = true\n"),
    ("json", "{}"),
    ("json", '{"enabled": false, "telemetry": {"x": {"enabled": 1}}}'),
    ("json", '{"telemetry": null}'),
    ("hocon", "telemetry { }"),
    ("hocon", "a.telemetry.enabled = 1"),
    ("ini", "enabled = true\n[other]\nenabled = true"),
    ("properties", "telemetry.enabledx = 1\n# telemetry.enabled = 1"),
]

NOT_UNDERSTOOD = [
    ("yaml", "telemetry: {enabled: true}\n"),
    ("yaml", "telemetry: *base\n"),
    ("yaml", "<<: *base\n"),
    ("yaml", "telemetry:\n  <<: *base\n  enabled: true\n"),
    ("yaml", "telemetry: true\n"),
    ("yaml", "telemetry:\n  enabled: [true]\n"),
    ("yaml", "telemetry:\n  enabled:\n    - true\n"),
    ("yaml", "telemetry:\n  enabled:\n  - true\n"),
    ("yaml", "telemetry:\n  enabled: |\n    true\n"),
    ("yaml", "telemetry:\n  enabled: tr\n    ue\n"),
    ("yaml", "telemetry:\n  enabled: !!bool true\n"),
    ("yaml", "telemetry:\n\tenabled: true\n"),
    ("yaml", 'telemetry:\n  enabled: "\\x74rue"\n'),
    ("yaml", "{telemetry: {enabled: true}}\n"),
    ("yaml", "a: 'without its end\n"),
    ("toml", "telemetry = 1\n"),
    ("toml", "[telemetry\n"),
    ("json", "{"),
    ("json", '{"telemetry": false}'),
    ("json", '{"telemetry": {"enabled": [1]}}'),
    ("hocon", 'include "other"\ntelemetry.enabled = true'),
    ("hocon", "telemetry.enabled = ${X}"),
    ("hocon", "telemetry = ${X} { enabled = true }"),
    ("hocon", "telemetry.enabled = [true]"),
    ("hocon", "telemetry { enabled = true"),
    ("hocon", "telemetry = true"),
    ("ini", "[telemetry]\nenabled = tr\n  ue\n"),
    ("ini", "[telemetry\nenabled = true\n"),
    ("properties", "telemetry.enabled = \\uzzzz"),
    ("csv", "telemetry.enabled,true"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "text", "value", "line"), FOUND)
def test_the_key_is_found_with_its_line(form, text, value, line):
    (occurrence,) = SCANNERS[form](text, KEY)
    assert (occurrence.value, occurrence.line) == (value, line)


@pytest.mark.parametrize(("form", "text"), ABSENT)
def test_a_key_that_is_not_there_is_absent(form, text):
    assert SCANNERS[form](text, KEY) == []


@pytest.mark.parametrize(("form", "text"), NOT_UNDERSTOOD)
def test_what_is_not_understood_is_said_so(tmp_path, monkeypatch, form, text):
    monkeypatch.delitem(sys.modules, "yaml", raising=False)  # as in a host that has not loaded it
    file = tmp_path / "file"
    file.write_text(text)
    with pytest.raises(NotUnderstoodError):
        find_key(str(file), form, KEY)


@pytest.mark.parametrize("form", SCANNERS)
def test_every_value_is_reported_where_a_key_stands_twice(form):
    text = {
        "json": '{"k": 1,\n"k": 0}', "toml": "", "ini": "k = 1\nk = 0", "yaml": "k: 1\nk: 0",
        "hocon": "k = 1\nk = 0", "properties": "k = 1\nk = 0",
    }[form]  # fmt: skip
    if text:  # TOML has no key twice
        assert [o.value for o in SCANNERS[form](text, "k")] == ["1", "0"]


def test_a_file_that_is_no_text_or_too_long_is_not_understood(tmp_path):
    file = tmp_path / "f"
    for data in (b"\xff\xfe", b"# " + b"x" * 1_000_000):
        file.write_bytes(data)
        with pytest.raises(NotUnderstoodError):
            find_key(str(file), "yaml", KEY)


@pytest.mark.parametrize("form", SCANNERS)
@given(st.text(alphabet="telmry.nabd:={}[]\"'#-|\n \t\\$&*<,0/!", max_size=60))
def test_no_text_makes_a_scanner_fail_otherwise(form, text):
    with contextlib.suppress(NotUnderstoodError):
        SCANNERS[form](text, KEY)


NAMES = st.text(alphabet="abcxyz_-", min_size=1, max_size=5).filter(lambda n: n[0] != "-")
PLAIN = st.one_of(st.booleans(), st.integers(-99, 99), st.text(max_size=8), st.none())
TREES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=4)),
)


@given(st.dictionaries(NAMES, TREES, max_size=4), PLAIN, st.sampled_from(["json", "hocon"]))
def test_json_is_read_as_json_is(tree, value, form):
    tree = {**tree, "telemetry": {"before": tree, "enabled": value, "after": [tree]}}
    (found,) = SCANNERS[form](json.dumps(tree, indent=1), KEY)
    expected = "" if value is None else json.dumps(value) if not isinstance(value, str) else value
    assert found.value.strip() == expected.strip()


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, PLAIN, max_size=4), max_size=4), st.booleans())
def test_ini_and_toml_are_read_as_the_standard_library_reads_them(tree, value):
    tree = {**tree, "telemetry": {**tree.get("telemetry", {}), "enabled": value}}
    lines = []
    for section, keys in tree.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {json.dumps(v) if v is not None else 1}" for key, v in keys.items()]
    text = "\n".join(lines)
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(text)
    assert SCANNERS["ini"](text, KEY)[-1].value == parser["telemetry"]["enabled"]
    try:
        toml = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # JSON's escapes are not all TOML's
    (found,) = SCANNERS["toml"](text, KEY)
    assert found.value == json.dumps(toml["telemetry"]["enabled"])
    assert text.splitlines()[found.line - 1].startswith("enabled")


def test_a_library_that_the_host_has_loaded_is_asked_where_the_scanner_is_not_sure(monkeypatch):
    class Library:  # the host's own, which is not a dependency of ours
        @staticmethod
        def safe_load_all(text):
            return [{"telemetry": {"enabled": "true" in text}}]

    monkeypatch.setitem(sys.modules, "yaml", Library)
    (found,) = SCANNERS["yaml"]("telemetry: {enabled: true}", KEY)
    assert (found.value, found.line) == ("true", 0)

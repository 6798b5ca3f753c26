"""Reductions of what clients send raw, maps' keys among them."""

import msgspec
import pytest

from glasshouse.collector.declarations import compile_declarations
from glasshouse.collector.reducing import reduce_all
from glasshouse_sdk.manifest import new_manifest, parse_manifest

AGENTS = """
[snapshot.agents]
purpose = "versions"
[snapshot.agents.fields.systems]
type = "map"
anonymise = "ANONYMISE"
public = ["debian*", "ubuntu"]
why = "w"
"""


def reduced(anonymise, counts):
    source = new_manifest("shop", "Shop")
    purpose = next(iter(parse_manifest(source).purposes))
    source += AGENTS.replace("ANONYMISE", anonymise).replace("versions", purpose)
    declarations = compile_declarations(parse_manifest(source), b"k" * 32)
    declaration = declarations.by_path["snapshot.agents"]
    fields = declaration.fields(systems=dict(counts))
    assert not reduce_all([fields], declaration.reductions)
    return fields.systems


def test_keys_that_are_not_on_the_list_count_together():
    counts = {"debian 12": 3, "ubuntu": 2, "secret-os": 4, "other-os": 5}
    assert reduced("public-list", counts) == {"debian 12": 3, "ubuntu": 2, "other": 9}


def test_keys_are_hashed_alike():
    once, again = reduced("keyed-hash", {"a": 1, "b": 2}), reduced("keyed-hash", {"a": 5})
    assert sorted(once.values()) == [1, 2]
    assert set(again) < set(once)
    assert "a" not in once


@pytest.mark.parametrize(
    ("key", "fits"),
    [
        ("Debian GNU/Linux 12 (bookworm)", True),
        ("hudson.model.FreeStyleProject", True),
        ("1.6.7", True),
        ("11.0.20.1", True),
        ("2.479.3.1", True),
        ("/home/canary", False),
        ("home/canary/x", False),
        ("198.51.100.77", False),
        ("2001:db8::7", False),
        ("a@b.example", False),
        ("~/x", False),
        ("x\n", False),
    ],
)
def test_a_key_is_no_path_and_no_address(key, fits):

    source = new_manifest("shop", "Shop")
    purpose = next(iter(parse_manifest(source).purposes))
    source += AGENTS.replace("ANONYMISE", "none").replace("versions", purpose)
    declarations = compile_declarations(parse_manifest(source), b"k" * 32)
    decode = declarations.by_path["snapshot.agents"].decode_fields
    sent = msgspec.json.encode({"systems": {key: 1}})
    if fits:
        assert decode(sent).systems == {key: 1}
    else:
        with pytest.raises(msgspec.ValidationError):
            decode(sent)

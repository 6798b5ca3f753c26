"""A new version of a manifest may add to what there is; what rows are stored under stays."""

import re
from pathlib import Path

import pytest
from loading_world import MANIFEST

from glasshouse.catalogue import Catalogue
from glasshouse_sdk.manifest import ManifestError

NESTED = (
    '[snapshot.host.fields.tables.fields.{name}]\ntype = "{type}"\nwhy = "x"\nexample = {example}\n'
)


def test_a_field_inside_a_group_may_be_new(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)
    catalogue.add(MANIFEST.encode())
    newer = MANIFEST + NESTED.format(name="size", type="number", example="1.5")
    newer = newer.replace("example = [{ rows = 1 }]", "example = [{ rows = 1, size = 1.5 }]")
    assert len(catalogue.add(newer.encode()).manifests) == 2


@pytest.mark.parametrize("where", ["fields.cores", "fields.tables.fields.rows"])
def test_a_type_may_not_change(tmp_path: Path, where: str) -> None:
    catalogue = Catalogue(tmp_path)
    catalogue.add(MANIFEST.encode())
    before, section, after = MANIFEST.partition(f"[snapshot.host.{where}]")
    after = re.sub(
        r"example = \d", "example = true", after.replace("integer", "boolean", 1), count=1
    )
    if "rows" in where:  # the group's own example names the field too
        before = before.replace("rows = 1", "rows = true")
    with pytest.raises(ManifestError) as raised:
        catalogue.add((before + section + after).encode())
    assert [problem.where for problem in raised.value.problems] == [f"snapshot.host.{where}.type"]

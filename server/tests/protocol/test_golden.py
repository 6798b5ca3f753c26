"""The collector keeps the contract in protocol/: what it accepts, what it rejects, and why."""

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from glasshouse.catalogue import Catalogue
from glasshouse.cli.manifest import composed_source
from glasshouse.collector.desk import Desk
from glasshouse.collector.parcel import Parcel
from glasshouse.collector.places import Places
from glasshouse.collector.steps import STEPS
from glasshouse_sdk.manifest import manifest_schema, parse_manifest

PROTOCOL = Path(__file__).parents[3] / "protocol"
SCHEMA = json.loads((PROTOCOL / "native.schema.json").read_text())
ACCEPTED = sorted((PROTOCOL / "golden/accepted").glob("*.json"))
REJECTED = sorted((PROTOCOL / "golden/rejected").glob("*.json"))


def through_the_steps(directory: Path, body: bytes) -> Parcel:
    catalogue = Catalogue(directory)
    product = catalogue.add((PROTOCOL / "golden/manifest.toml").read_bytes())
    now = datetime.now(UTC)
    parcel = Parcel(
        door="native",
        path="/v1/telemetry",
        headers={"authorization": f"Bearer {product.keys[0].key}"},
        body=body.replace(b'"NOW"', json.dumps(now.isoformat()).encode()),
        peer="127.0.0.1",
        received_at=now,
    )
    desk = Desk(catalogue, Places(), lambda: now, b"k" * 32)
    for step in STEPS:
        step(parcel, desk)
    return parcel


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.stem)
def test_golden_bodies_are_accepted(tmp_path, path):
    body = path.read_bytes()
    jsonschema.validate(json.loads(body), SCHEMA)
    parcel = through_the_steps(tmp_path, body)
    assert parcel.verdicts == {}
    assert parcel.received == len(json.loads(body)["items"])


@pytest.mark.parametrize("path", REJECTED, ids=lambda path: path.stem)
def test_golden_bodies_are_rejected_for_the_reason_that_names_them(tmp_path, path):
    parcel = through_the_steps(tmp_path, path.read_bytes())
    assert [verdict.reason.value for verdict in parcel.verdicts.values()] == [path.stem]


def test_the_manifest_schema_is_the_one_the_vocabulary_makes():
    written = json.loads((PROTOCOL / "manifest.schema.json").read_text())
    assert written == json.loads(json.dumps(manifest_schema()))


@pytest.mark.parametrize(
    "path", sorted(PROTOCOL.parent.glob("products/*/manifest.toml")), ids=lambda p: p.parent.name
)
def test_every_products_manifest_is_valid_by_parser_and_by_schema(path):
    import tomllib

    source = composed_source(path)
    parse_manifest(source)
    jsonschema.validate(tomllib.loads(path.read_text()), manifest_schema())

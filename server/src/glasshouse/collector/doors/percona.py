"""The Percona door: `POST /v1/telemetry/GenericReport`, without authentication.

Facts that shape it: the installation script writes `product_family`, the agent `productFamily`;
every metric's value is a text; a report says which item it is by its metric `source` (`mongod`,
`mongos`) alone, if at all; a report that is sent again the next day comes with a new id, so
the natural key tells a repeat; the agent never retries a 429, so 503 slows it down.
"""

import re
from typing import Any

import msgspec

from glasshouse.collector.bodies import too_large
from glasshouse.collector.declarations import MOST_ITEMS
from glasshouse.collector.desk import Desk
from glasshouse.collector.door import Reply
from glasshouse.collector.explaining import explain
from glasshouse.collector.parcel import NO_PRODUCT, Parcel, RefusedError, Verdict
from glasshouse.collector.replies import STATUSES
from glasshouse.collector.translation import MOST_FOREIGN, UNDECODABLE
from glasshouse.model import Outcome, Reason
from glasshouse_sdk.manifest import Field, Manifest

UUID = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\Z"
)
FAMILIES = (
    "INVALID", "PS", "PXC", "PSMDB", "PBM", "POSTGRESQL", "PMM", "EVEREST", "PERCONA_TOOLKIT",
    "PXB", "OPERATOR_PXC", "OPERATOR_POSTGRESQL", "OPERATOR_PSMDB", "OPERATOR_PS", "PBS",
)  # fmt: skip
PREFIX = "PRODUCT_FAMILY_"
SOURCE = "source"
# gRPC's codes, which the clients see beside the HTTP status.
CODES = {400: 3, 413: 8, 429: 8, 503: 14}


class Metric(msgspec.Struct, gc=False):
    key: str
    value: str = ""


class Report(msgspec.Struct, gc=False):
    id: str
    instanceId: str  # noqa: N815 (Percona's names)
    createTime: str  # noqa: N815
    productFamily: str | int | None = None  # noqa: N815
    product_family: str | int | None = None
    metrics: list[Metric] = []


class Reports(msgspec.Struct, gc=False):
    reports: list[msgspec.Raw]


class Percona:
    name = "percona"
    routes = (("POST", "/v1/telemetry/GenericReport"),)

    def open(self, parcel: Parcel, desk: Desk) -> None:
        reports = _split(parcel.body)
        parcel.received = len(reports)
        parcel.entries = [None] * len(reports)
        parcel.keys = [""] * len(reports)
        for place, raw in enumerate(reports):
            _translate(parcel, place, raw, desk)

    def answer(self, parcel: Parcel) -> Reply:
        wrong = [v for v in parcel.verdicts.values() if v.outcome is Outcome.REJECTED]
        if wrong and len(wrong) == parcel.received:
            where = f" at {wrong[0].field}" if wrong[0].field else ""
            return _status(400, f"invalid report: {wrong[0].reason}{where}")
        return Reply(200, b"{}")

    def refuse(self, refused: RefusedError) -> Reply:
        return _status(STATUSES.get(refused.reason, 400), str(refused))

    def busy(self, status: int, seconds: int) -> Reply:
        reply = _status(503, "busy")
        return Reply(reply.status, reply.body, headers={"retry-after": str(seconds)})


def _split(body: bytes) -> list[msgspec.Raw]:
    """The reports: under `reports`, or a bare list as the documentation shows it."""
    if len(body) > MOST_FOREIGN:
        raise too_large(str(len(body)), MOST_FOREIGN)
    shape: Any = list[msgspec.Raw] if body.lstrip()[:1] == b"[" else Reports
    try:
        decoded = msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        raise RefusedError(Reason.BAD_SHAPE, str(error)[:120], "a list 'reports'") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(Reason.BAD_JSON, f"no JSON ({str(error)[:80]})", "JSON") from None
    reports: list[msgspec.Raw] = decoded.reports if isinstance(decoded, Reports) else decoded
    if len(reports) > MOST_ITEMS:
        raise RefusedError(Reason.TOO_MANY, f"{len(reports)} reports", f"at most {MOST_ITEMS}")
    return reports


def _translate(parcel: Parcel, place: int, raw: msgspec.Raw, desk: Desk) -> None:
    try:
        report = msgspec.json.decode(raw, type=Report)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        parcel.refuse(place, Verdict(Outcome.REJECTED, Reason.BAD_SHAPE))
        return
    family = family_name(report.productFamily or report.product_family)
    product = desk.catalogue.by_door_key("percona", family) if family else None
    if product is None:
        parcel.refuse(place, Verdict(Outcome.REJECTED, Reason.NO_PRODUCT))
        return
    if parcel.product not in (NO_PRODUCT, product.slug):
        # One record is of one product; a request about several is sent again in parts.
        parcel.refuse(place, Verdict(Outcome.REJECTED, Reason.NO_PRODUCT))
        return
    parcel.product = product.slug
    parcel.declarations = declarations = desk.declarations(product, None)
    assert declarations is not None  # noqa: S101 (the current manifest is always registered)
    if not UUID.match(report.id) or not UUID.match(report.instanceId):
        parcel.refuse(place, Verdict(Outcome.REJECTED, Reason.BAD_IDENTITY))
        return
    mapping = product.manifest.doors["percona"]
    path = _item(product.manifest, report.metrics)
    declared = product.manifest.items[path].fields if path else {}
    metrics = {
        name: _value(declared.get(name), metric.value)
        for metric in report.metrics
        for name in (mapping.fields.get(metric.key, metric.key),)
    }
    item = {
        "item": path,
        "id": report.id,
        "at": report.createTime,
        "instance": report.instanceId.lower(),
        "fields": metrics,
    }
    entry, verdict, dropped = explain(item, declarations, strict=False)
    if dropped:
        parcel.dropped[place] = dropped
    if verdict is not None:
        parcel.refuse(place, verdict)
        return
    database = metrics.get("db_instance_id", "")
    assert parcel.keys is not None  # noqa: S101 (set by `open`)
    parcel.keys[place] = f"{report.instanceId.lower()}:{family}:{report.createTime}:{database}"
    parcel.entries[place] = entry


def _value(field: Field | None, text: str) -> Any:
    """Every value is a text; where a list or map is declared, the text is JSON that says one."""
    if field is None or field.type not in ("map", "list", "group"):
        return text
    try:
        return msgspec.json.decode(text)
    except UNDECODABLE:
        return text


def _item(manifest: Manifest, metrics: list[Metric]) -> str:
    """The item that a report is: the one mapped for its source, else the one for all other reports,
    else the manifest's first snapshot.
    """
    mapped = manifest.doors["percona"].items
    sources = (mapped.get(metric.value) for metric in metrics if metric.key == SOURCE)
    item = next(filter(None, sources), None) or mapped.get("report")
    return item or next((p for p, i in manifest.items.items() if i.kind == "snapshot"), "")


def family_name(family: str | int | None) -> str:
    """The family's full name, from its name with or without prefix or from its number."""
    if isinstance(family, int):
        return PREFIX + FAMILIES[family] if 0 < family < len(FAMILIES) else ""
    return family or ""


def _status(status: int, message: str) -> Reply:
    body = {"code": CODES.get(status, 3), "message": message, "details": []}
    return Reply(status, msgspec.json.encode(body))

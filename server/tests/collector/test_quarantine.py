"""The quarantine shows kinds and no value; the live view is for development keys and in memory."""

from datetime import UTC, datetime

import pytest

from glasshouse.collector.parcel import MOST_VERSIONS, NUMBERED, Parcel, RefusedError, Verdict
from glasshouse.collector.quarantine import MOST_KINDS, Quarantine
from glasshouse.model import Origin, Outcome, Reason


def item(**changes):
    base = {
        "item": "event.build_completed",
        "id": "0123456789abcdef0123456789abcdef",
        "at": datetime.now(UTC).isoformat(),
        "instance": "i-1",
        "version": "1.4.0",
        "fields": {"result": "SUCCESS"},
    }
    return {**base, **changes}


BAD = [
    item(fields={"result": 7, "CANARY": "CANARY"}),
    item(fields={"result": 8}, version="2.0.1-rc1"),
    item(item="event.CANARY"),
    item(fields={"result": "SUCCESS", "CANARY": {"CANARY": 1}}),
]


def test_kinds_have_names_types_versions_counts_and_times_but_no_value(running):
    first = running.now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    running.native(BAD)
    running.now = datetime(2026, 11, 22, 13, tzinfo=UTC)
    running.native(BAD[:1])
    kinds = {(k["reason"], k["found"]): k for k in running.app.quarantine.kinds("shop")}
    wrong = kinds["wrong_type", "integer"]
    assert (wrong["item"], wrong["field"], wrong["items"]) == ("event.build_completed", "result", 3)
    assert wrong["versions"] == ["1.4.0", "2.0.1-rc1"]
    assert (wrong["first"], wrong["last"]) == (first.isoformat(), running.now.isoformat())
    assert kinds["undeclared_field", "object"]["items"] == 1
    assert kinds["undeclared_field", "text"]["items"] == 2
    assert kinds["unknown_item", None]["item"] is None
    assert "CANARY" not in str(running.app.quarantine.kinds("shop"))


def test_kinds_outlast_the_process(tmp_path, running):
    kept = Quarantine(tmp_path / "q" / "kinds.json")
    running.app.quarantine = kept
    running.native(BAD)
    kept.save()
    assert Quarantine(tmp_path / "q" / "kinds.json").kinds("shop") == kept.kinds("shop")
    assert b"CANARY" not in (tmp_path / "q" / "kinds.json").read_bytes()
    (tmp_path / "q" / "kinds.json").write_text('[{"items": 1}]')
    assert Quarantine(tmp_path / "q" / "kinds.json").kinds("shop") == []


def test_what_was_just_sent_is_shown_to_development_keys_alone(running):
    running.native(BAD)
    assert running.app.quarantine.live("shop") == []
    key = running.key(Origin.DEVELOPMENT)
    running.native([*BAD, item()], authorization=f"Bearer {key}")
    good, undeclared, unknown, _, wrong = running.app.quarantine.live("shop")
    assert (good["outcome"], good["item"]) == ("accepted", "event.build_completed")
    assert undeclared["undeclared"] == {"CANARY": "object"}
    assert (unknown["outcome"], unknown["reason"]) == ("rejected", "unknown_item")
    assert (wrong["field"], wrong["found"]) == ("result", "integer")
    assert b"CANARY" not in running.bytes_on_disk()


def test_a_request_refused_whole_is_shown_too(running):
    key = running.key(Origin.DEVELOPMENT)
    running.catalogue.change("shop", {"ended": True})
    running.native([item()], authorization=f"Bearer {key}")
    (shown,) = running.app.quarantine.live("shop")
    assert shown["reason"] == "ended"


def test_the_window_is_bounded(running):
    for number in range(MOST_KINDS + 10):
        parcel = type("Parcel", (), {})()
        parcel.product, parcel.door = f"p{number}", "native"
        parcel.received_at, parcel.received, parcel.origin = datetime.now(UTC), 1, Origin.PRODUCTION
        refused = RefusedError(Reason.BAD_JSON, "x", "y")
        running.app.quarantine.note_refusal(parcel, refused)
    assert running.app.quarantine.kinds("p0") == []
    assert len(running.app.quarantine.kinds(f"p{MOST_KINDS + 9}")) == 1


@pytest.mark.parametrize(
    ("version", "shown"),
    [("4.4.26-25", True), ("1.0rc1", True), ("v2.1", True), ("192.0.2.77", False),
     ("db-1.example", False), ("7", False), ("1.2-deadbeef", False)],
)  # fmt: skip
def test_only_what_can_be_nothing_but_a_version_is_shown(version, shown):
    assert bool(NUMBERED.match(version)) is shown


def test_what_was_refused_is_counted_by_the_version_that_sent_it():
    def counted(*versions):
        parcel = Parcel("native", "/", {}, b"", None, datetime.now(UTC))
        parcel.verdicts = {
            n: Verdict(Outcome.REJECTED, Reason.BAD_TIME, version=version)
            for n, version in enumerate(versions)
        }
        return {verdict.version: items for verdict, items in parcel.refusal_counts().items()}

    assert counted("2.0.1", "2.0.1", "1.9") == {"2.0.1": 2, "1.9": 1}
    assert counted("10.0.0.7", "somebody@example.com", None) == {None: 3}, "no address, no text"
    assert counted(*(f"1.{n}" for n in range(MOST_VERSIONS + 1))) == {None: MOST_VERSIONS + 1}

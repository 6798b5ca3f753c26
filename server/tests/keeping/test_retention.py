"""What is past its span goes once a day; what is left is derived of what was, and still right."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from keeping_world import NOW, OTHERS, VICTIM, event, line, opened, places, send
from loading_world import MANIFEST, record

from glasshouse.keeping.retention import Retention, Swept, cutoff, read_swept, sweep

KEPT = MANIFEST.replace("contact = ", 'keep = "30 days"\ncontact = ').replace(
    "[snapshot.host]\n", '[snapshot.host]\nkeep = "5 days"\n'
)


@pytest.mark.parametrize(
    ("now", "span", "expected"),
    [
        ("2026-03-31", "1 month", "2026-02-28"),
        ("2024-02-29", "1 year", "2023-02-28"),
        ("2026-01-15", "25 months", "2023-12-15"),
        ("2026-11-22", "90 days", "2026-08-24"),
        ("2026-11-22", "3000 years", "0001-01-01"),
    ],
)
def test_cutoff(now: str, span: str, expected: str) -> None:
    assert cutoff(datetime.fromisoformat(now), span) == datetime.fromisoformat(expected)


def host(name: str, days_ago: float, instance: str) -> bytes:
    return record({"snapshot.host": [(name, line(days_ago, instance, cores=1))]}, received_at=NOW)


def load(installation) -> None:
    while installation.loader.cycle().records:
        pass


def counts(store) -> tuple[int, int, int, int]:
    tables = ("events", 'forge."snapshot.host"', "instances", "instance_days")
    return tuple(store.rows(f"select count(*) from {table}").rows[0][0] for table in tables)


def test_each_item_by_its_span_and_instances_by_the_longest(tmp_path: Path) -> None:
    with opened(tmp_path) as installation:
        installation.register(KEPT.encode())
        for n, days_ago in enumerate((1, 10, 29, 31, 60)):
            send(installation, event(f"e{n}", days_ago, OTHERS[n]))
            send(installation, host(f"h{n}", days_ago, OTHERS[n]))
        send(installation, event("v", 200, VICTIM))
        load(installation)
        installation.store.checkpoint()
        assert counts(installation.store) == (6, 5, 6, 6)
        assert "store/glasshouse.duckdb" in places(tmp_path, VICTIM)
        swept = sweep(installation.holdings, installation.holdings.now(), read_swept(tmp_path))
        assert swept.day == datetime.now(UTC).date()
        assert counts(installation.store) == (3, 1, 3, 3)
        installation.loader.catch_up()
        assert places(tmp_path, VICTIM) == set(), "the first sweep rewrites the file"
        assert installation.store.problems() == []
        account = {t.outcome: t.items for t in installation.accounting()}
        assert account["stored"] == 11, "the books still say what was received"


def test_it_is_done_once_a_day_and_again_if_it_was_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path) as installation:
        installation.register(KEPT.encode())
        send(installation, host("h", 10, OTHERS[0]), event("e", 40, OTHERS[1]))
        load(installation)
        chore = Retention(installation.holdings)
        with monkeypatch.context() as patch:
            patch.setattr(type(installation.store), "rewrite", lambda _: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                chore()
        assert read_swept(tmp_path) == Swept(date.min, due=True), "to be done again"
        chore = Retention(installation.holdings)
        chore()
        assert counts(installation.store) == (0, 0, 1, 1)
        assert not read_swept(tmp_path).due
        send(installation, host("late", 10, OTHERS[0]))
        load(installation)
        chore()
        Retention(installation.holdings)()
        assert counts(installation.store)[1] == 1, "not twice on one day"
        tomorrow = installation.holdings.now() + timedelta(days=1)
        swept = sweep(installation.holdings, tomorrow, read_swept(tmp_path))
        assert counts(installation.store)[1] == 0
        assert swept.due, "the file was rewritten yesterday; these bytes wait a week"

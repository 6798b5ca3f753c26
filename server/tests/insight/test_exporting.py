"""What leaves as CSV cannot run in a spreadsheet; what leaves as JSON is JSON."""

import csv
import io
import json
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from glasshouse.insight.exporting import answer_csv, answer_object, csv_text, row_objects

STARTS = ["=", "+", "-", "@", "\t", "\r", "\n"]


@pytest.mark.parametrize("start", STARTS)
def test_no_cell_starts_like_a_formula(start):
    text = csv_text([f"{start}head"], [[f"{start}HYPERLINK(1)"], [f'{start}"x",y\n{start}z']])
    for row in csv.reader(io.StringIO(text, newline="")):
        assert row[0].startswith("'" + start)


def test_negative_numbers_are_marked_too():
    assert csv_text(["n"], [[-1], [-1.5], [Decimal(-2)]]) == "n\r\n'-1\r\n'-1.5\r\n'-2\r\n"


def test_columns_of_one_name_are_told_apart():
    assert row_objects(["a", "a"], [(1, 2)]) == [{"a": 1, "a_2": 2}]


def test_every_value_becomes_json():
    values = (float("nan"), float("inf"), b"\xff", date(2026, 1, 2), datetime(2026, 1, 2, 3),
              timedelta(1), Decimal("1.50"), Decimal(3), {"a": [Decimal(1)]}, None, True)  # fmt: skip
    row = row_objects([str(n) for n in range(len(values))], [values])[0]
    assert list(json.loads(json.dumps(row, allow_nan=False)).values()) == [
        "nan", "inf", "/w==", "2026-01-02", "2026-01-02T03:00:00", "1 day, 0:00:00", 1.5, 3,
        {"a": [1]}, None, True,
    ]  # fmt: skip


def test_simulated_rows_say_so_in_every_export(world):
    words = {"product": ["forge"], "period": ["7d"], "origin": ["simulated"]}
    answer = answer_object(world.insight.ask("active_instances", words))
    assert answer["origin"] == "simulated"
    rows = list(csv.DictReader(io.StringIO(answer_csv(answer))))
    assert len(rows) == 7
    assert {row["origin"] for row in rows} == {"simulated"}

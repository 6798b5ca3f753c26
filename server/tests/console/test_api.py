"""The API: answers, CSV, and errors that say what to do."""

import csv
import io

import pytest

from glasshouse.insight.questions import QUESTIONS


def test_the_questions(client):
    known = {q["name"]: q for q in client.get("/api/v1/questions").json()["questions"]}
    assert set(known) == set(QUESTIONS)
    assert known["field_distribution"]["required"] == ["field"]


def test_an_answer_as_json_and_csv(client, world):
    path = "/api/v1/ask/active_instances?product=forge&by=week&period=30d"
    answer = client.get(path).json()
    words = {"product": ["forge"], "by": ["week"], "period": ["30d"]}
    expected = world.insight.ask("active_instances", words)
    assert [row["instances"] for row in answer["rows"]] == expected.column("instances")
    assert answer["from"] == "2026-10-19"
    assert answer["rows"][-1]["complete"] is False

    exported = client.get(f"{path}&format=csv")
    assert exported.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in exported.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(exported.text)))
    assert [int(row["instances"]) for row in rows] == expected.column("instances")


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("active_instances", "product"),
        ("active_instances?product=nope", "product"),
        ("nothing?product=forge", "question"),
        ("active_instances?product=forge&by=year", "by"),
        ("active_instances?product=forge&from=x", "from"),
        ("active_instances?product=forge&format=xml", "format"),
        ("field_distribution?product=forge", "field"),
        ("field_distribution?product=forge&field=%00%ff", "field"),
        ("active_instances?product=forge&product=forge", "product"),
        ("active_instances?product=forge&" + "x" * 5000 + "=1", "x" * 5000),
    ],
)
def test_a_wrong_question_is_400_with_words(client, path, where):
    answer = client.get(f"/api/v1/ask/{path}")
    assert answer.status_code == 400
    error = answer.json()
    assert error["error"] == "bad_question"
    assert error["where"] == where
    assert error["found"]
    assert error["expected"]


def test_sql(client, world):
    answer = client.post(
        "/api/v1/sql", json={"sql": "select origin, count(*) as n from instances group by 1"}
    ).json()
    instances = {(item.origin, item.instance) for item in world.fleet.items}
    assert {row["origin"]: row["n"] for row in answer["rows"]} == {
        origin: sum(1 for o, _ in instances if o == origin)
        for origin in ("production", "simulated")
    }
    assert answer["columns"] == ["origin", "n"]
    assert answer["cut"] is False


def test_sql_is_cut_at_ten_thousand_rows(client):
    answer = client.post("/api/v1/sql", json={"sql": "select * from range(20000)"}).json()
    assert len(answer["rows"]) == 10_000
    assert answer["cut"] is True


@pytest.mark.parametrize(
    "sql", ["drop table store.instances", "select * from read_csv('/etc/passwd')", "selec 1", "",
            "select 1; select 2", "attach 'x.db'", "\x00", "🦀"],
)  # fmt: skip
def test_wrong_sql_is_400_with_words(client, sql):
    answer = client.post("/api/v1/sql", json={"sql": sql})
    assert answer.status_code == 400
    assert answer.json()["message"]


@pytest.mark.parametrize(
    "body", [b"", b"x", b"[]", b"{}", b'{"sql": 1}', b'{"sql": "\\ud800"}', b"\xff", b"[" * 100_000]
)
def test_a_body_that_is_no_query(client, body):
    answer = client.post("/api/v1/sql", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"] == "bad_body"


def test_a_body_that_is_too_large(client):
    assert client.post("/api/v1/sql", content=b" " * 300_000).status_code == 413


def test_other_addresses_and_methods_answer_json(client):
    assert client.get("/api/v2/x").json()["error"] == "no_such_address"
    answer = client.delete("/api/v1/sql")
    assert answer.status_code == 405
    assert answer.json()["expected"] == "POST"

"""The interface's bounds: a closed set of errors, long lists in parts, readers in a loop."""

import re
from dataclasses import replace
from pathlib import Path

from serving import browsing

from glasshouse.console.app import access_in_memory, console_app
from glasshouse.console.errors import ERRORS
from glasshouse.console.pace import ReaderPace
from glasshouse.people import Role


def test_every_error_is_of_the_closed_set_and_each_of_it_is_used():
    source = Path(__file__).parents[2] / "src" / "glasshouse"
    files = [
        *source.glob("console/**/*.py"),
        source / "cli/application.py",
        source / "cli/keeping.py",
    ]
    texts = "".join(file.read_text() for file in files if file.name != "errors.py")
    used = set(re.findall(r'"error": "([a-z_]+)"', texts))
    used |= set(re.findall(r'_error\(\d+, "([a-z_]+)"', texts))
    assert used == set(ERRORS)


def test_a_long_answer_comes_in_parts(client):
    path = "/api/v1/ask/active_instances?product=forge&period=30d"
    whole = client.get(path).json()
    assert whole["cursor"] is None
    rows, cursor = [], 0
    while cursor is not None:
        part = client.get(f"{path}&limit=7&cursor={cursor}").json()
        assert len(part["rows"]) <= 7
        rows += part["rows"]
        cursor = part["cursor"]
    assert rows == whole["rows"]
    for odd in ("limit=0", "limit=x", "cursor=-1", "cursor=1.5", f"limit={'9' * 5000}"):
        answer = client.get(f"{path}&{odd}")
        assert answer.status_code == 400
        assert answer.json()["error"] == "bad_question"


def test_a_reader_in_a_loop_is_sent_away_and_nobody_else_is(world):
    moment = [0.0]
    access = access_in_memory("machine")
    access = replace(access, pace=ReaderPace(lambda: moment[0], 2))
    tokens = {}
    for name in ("kim", "robin"):
        access.register.add(name, Role.ANALYST, raw=False)
        tokens[name], _ = access.register.make_token(name, "t", ["see"], 1)
    with browsing(console_app(world.insight, access)) as client:

        def ask(token):
            return client.get("/api/v1/me", headers={"authorization": f"Bearer {token}"})

        statuses = [ask(tokens["kim"]).status_code for _ in range(25)]
        assert statuses == [200] * 20 + [429] * 5
        away = ask(tokens["kim"])
        assert away.json()["error"] == "too_many"
        assert away.headers["retry-after"] == "1"
        assert ask(tokens["robin"]).status_code == 200
        assert all(ask("machine").status_code == 200 for _ in range(40))
        moment[0] = 1.0
        assert [ask(tokens["kim"]).status_code for _ in range(3)] == [200, 200, 429]


def test_a_list_comes_in_parts(world):
    access = access_in_memory("machine")
    for n in range(7):
        access.register.add(f"p{n}", Role.VIEWER, raw=False)
    with browsing(console_app(world.insight, access), "machine") as client:
        names, after = [], ""
        while after is not None:
            part = client.get("/api/v1/people", params={"limit": 3, "after": after}).json()
            names += [person["name"] for person in part["people"]]
            after = part["after"]
        assert names == [f"p{n}" for n in range(7)]
        for odd in ("limit=0", "limit=x", "limit=1001", "after=nobody"):
            answer = client.get(f"/api/v1/people?{odd}")
            assert (answer.status_code, answer.json()["error"]) == (422, "cannot_be")

"""PipeRider CLI over a real PostgreSQL. Test names begin with the statements they show."""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from products.postgresql_server import PASSWORD

# In one process, which sets up once what all of them use.
pytestmark = pytest.mark.xdist_group("postgres")
HOME = Path(__file__).parents[1]
CLOSED = "http://127.0.0.1:9"
TABLES = """
create table orders as select i as id, (i % 4)::numeric(8, 2) as amount,
    now() - i * interval '1 day' as placed from generate_series(1, 40) i;
create schema other;
create table other.notes (id uuid, paid boolean, facts json);
insert into other.notes values
    ('6aef422e-56a7-4530-af9d-94cc02198343', true, '{"a": 1}'), (null, false, '{"a": 1}');
"""


@pytest.fixture(scope="module")
def shop(postgresql):
    postgresql.ask(TABLES)
    return postgresql


@pytest.fixture
def piperider(tmp_path):
    """A command in a project of somebody's; the password is in the environment."""

    def run(*words, code=0, **environment):
        done = subprocess.run(
            [sys.executable, HOME / "piperider_cli", "--directory", tmp_path, "--endpoint", CLOSED,
             *words],
            env={"PATH": os.defpath, "HOME": str(tmp_path / "home"), "PGPASSWORD": PASSWORD,
                 **environment},
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    return run


def events(server, tmp_path):
    """What the collector has of this person, after all has been sent."""
    state = tmp_path / "home" / ".piperider" / "telemetry"
    subprocess.run(
        [sys.executable, "-m", "glasshouse_sdk", "--manifest", HOME / "manifest.toml",
         "--state", state, "--project", tmp_path, "send"],
        env={"PATH": os.defpath, "HOME": str(tmp_path / "home")}, check=True, timeout=60,
    )  # fmt: skip
    rows = server.sql("select fields from events where product = 'piperider'")["rows"]
    return [json.loads(row["fields"]) for row in rows]


def test_pr21_a_postgresql_database_is_profiled_asserted_and_counted(
    shop, piperider, tmp_path, fresh_server, eventually
):
    added = fresh_server.add_product((HOME / "manifest.toml").read_bytes())
    key = next(key["key"] for key in added["write_keys"] if key["origin"] == "production")
    piperider = functools.partial(piperider, "--endpoint", fresh_server.url, "--key", key)
    assert "postgres" in piperider("init", "--source", shop.url)
    assert PASSWORD not in (tmp_path / ".piperider" / "config.yml").read_text()
    piperider("generate-assertions")
    run = json.loads(piperider("run", "--json"))
    tables = {table["name"]: table for table in run["tables"]}
    assert {name: table["rows"] for name, table in tables.items()} == {"orders": 40, "notes": 2}
    columns = {column["name"]: column for column in tables["orders"]["columns"]}
    assert (columns["id"]["lowest"], columns["id"]["highest"]) == ("1", "40"), "as numbers"
    assert columns["amount"]["distinct"] == 4
    notes = {column["name"]: column for column in tables["notes"]["columns"]}
    assert (notes["id"]["nulls"], notes["facts"]["distinct"]) == (1, 1)
    # Of init, generate-assertions and run; the last two tell of the assertions as well.
    told = eventually(lambda: (found := events(fresh_server, tmp_path))[4:] and found)
    assert {fields["data_source"] for fields in told if "data_source" in fields} == {"postgres"}
    assert 2 in [fields.get("tables") for fields in told]
    for name in ("orders", "notes", "127.0.0.1", "postgres@", PASSWORD):
        assert name not in json.dumps(told)


def test_nothing_in_the_database_changes(shop, piperider, tmp_path):
    piperider("init", "--source", shop.url)
    (tmp_path / ".piperider" / "assertions.yml").write_text(
        "custom:\n  - name: none\n    sql: delete from orders returning id\n"
    )
    piperider("run", code=2)
    assert shop.ask("select count(*) from orders") == "40"


@pytest.mark.parametrize(("url", "says"), [
    ("postgresql://ann:secret@127.0.0.1/shop", "found a password"),
    ("postgresql://127.0.0.1/shop", "not whole"),
    ("postgresql://ann@127.0.0.1:x/shop", "found an address that is none"),
])  # fmt: skip
def test_an_address_that_cannot_be_is_told_without_what_is_in_it(piperider, url, says):
    told = piperider("init", "--source", url, code=2)
    assert says in told
    assert "secret" not in told
    assert len(told.splitlines()) == 1


def test_a_database_that_does_not_let_in_is_told_in_a_line(shop, piperider):
    piperider("init", "--source", shop.url)
    told = piperider("run", code=2, PGPASSWORD="wrong")
    assert "password authentication failed" in told
    assert len(told.splitlines()) == 1

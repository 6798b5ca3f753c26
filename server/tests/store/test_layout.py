"""A file of another layout is refused with what to do, and left as it is."""

import duckdb
import pytest

from glasshouse.store import StoreUnavailableError, open_store


def test_another_layout_is_refused_and_left_as_it_is(tmp_path):
    open_store(tmp_path).close()
    with duckdb.connect(tmp_path / "glasshouse.duckdb") as connection:
        connection.execute("update store.layout set number = 999")
        connection.execute("create table store.theirs as select 1 as one")
    with pytest.raises(StoreUnavailableError, match="use the version that made it"):
        open_store(tmp_path)
    with duckdb.connect(tmp_path / "glasshouse.duckdb") as connection:
        assert connection.execute("from store.theirs").fetchall() == [(1,)]


def test_a_file_is_opened_again_by_the_version_that_made_it(tmp_path):
    open_store(tmp_path).close()
    open_store(tmp_path).close()

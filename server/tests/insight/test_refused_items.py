"""What was refused, by client version: added up over cycles, and no flood of made-up versions."""

import msgspec
import pytest
from fleet import MANIFEST, NOW, ListJournal, payload

from glasshouse.catalogue import Catalogue
from glasshouse.insight import Insight
from glasshouse.loading import Loader
from glasshouse.model import Refusal
from glasshouse.store import open_store
from glasshouse.store.engines.duckdb.refused import MOST_VERSIONS


@pytest.fixture
def house(tmp_path):
    payloads = []
    catalogue = Catalogue(tmp_path / "catalogue")
    catalogue.add(MANIFEST.encode())
    store = open_store(tmp_path / "store", "300MB")
    loader = Loader(ListJournal(payloads), store, catalogue, tmp_path)
    insight = Insight(store, catalogue, lambda: NOW, list)

    def refuse(*refusals):
        payloads.append(payload([], first=0, refusals=list(refusals)))
        while loader.cycle().more:
            pass

    def rows():
        answer = insight.ask("refused_items", {"product": ["forge"], "period": ["7d"]})
        return {(row[0], row[2]): row[3] for row in answer.rows}

    yield refuse, rows, insight
    store.close()


def test_it_adds_up_by_version_and_reason(house):
    refuse, rows, _ = house
    refuse(Refusal("rejected", "wrong_type", 3, "snapshot.host", "cores", "2.0.1"),
           Refusal("rejected", "wrong_type", 2, "event.command_finished", None, "2.0.1"),
           Refusal("accepted", "undeclared_field", 9, "snapshot.host", None, "2.0.1"))  # fmt: skip
    refuse(Refusal("rejected", "wrong_type", 4, "snapshot.host", None, "2.0.1"),
           Refusal("rejected", "bad_time", 1, None, None, "1.9.0"),
           Refusal("suppressed", "do_not_track", 7))  # fmt: skip
    assert rows() == {
        ("2.0.1", "wrong_type"): 9,
        ("1.9.0", "bad_time"): 1,
        (None, "do_not_track"): 7,
    }


def test_whoever_makes_up_versions_fills_no_disk(house):
    refuse, rows, _ = house
    for start in range(0, 600, 150):
        refuse(*(Refusal("rejected", "bad_time", 1, None, None, f"1.{n}") for n in
                 range(start, start + 150)))  # fmt: skip
    found = rows()
    assert sum(found.values()) == 600
    assert len(found) <= MOST_VERSIONS + 1


def test_it_needs_raw_access(house):
    refuse, _, insight = house
    refuse(Refusal("rejected", "bad_time", 1))
    with pytest.raises(Exception, match="raw access"):
        insight.ask_suppressed("refused_items", {"product": ["forge"]})


def test_a_record_of_before_is_still_read():
    """Older journals have no version with what was refused."""
    old = b'{"outcome":"rejected","reason":"bad_time","items":2}'
    assert msgspec.json.decode(old, type=Refusal) == Refusal("rejected", "bad_time", 2)

"""The spool stays within its bounds, and says what it dropped."""

from observed import counts

from glasshouse_sdk import Telemetry
from glasshouse_sdk.claims import MOST_BYTES, MOST_ITEMS, claims, drop_over_bounds, new_claim
from glasshouse_sdk.state import State


def test_the_spool_drops_its_oldest_and_says_how_many(tmp_path):
    state = State(str(tmp_path / "state"))
    state.make()
    day = 86_400 * 10**9
    now = 100 * day
    line = b'{"item":"event.done"}'
    new_claim(state, [line] * 5, "a.production", now - 31 * day)
    new_claim(state, [line] * 7, "a.production", now - 29 * day)
    new_claim(state, [line] * (MOST_ITEMS - 10), "a.production", now - 28 * day)
    new_claim(state, [line] * 5, "a.production", now)
    assert drop_over_bounds(state, now) == 12
    assert [claim.count for claim in claims(state)] == [MOST_ITEMS - 10, 5]
    new_claim(state, [b"x" * (MOST_BYTES - 1000)], "a.production", now + 1)
    assert drop_over_bounds(state, now) == MOST_ITEMS - 10
    assert [claim.count for claim in claims(state)] == [5, 1]


def test_a_spool_without_any_network_stays_bounded(manifest, tmp_path):
    telemetry = Telemetry(manifest, state=tmp_path / "s", environment={}, strict=True)
    stages = ["a"] * 1000
    for _ in range(2000):
        telemetry.record("done", stages=stages)
    size = sum(p.stat().st_size for p in (tmp_path / "s" / "spool").iterdir())
    assert size < MOST_BYTES + 200_000
    tallies = (tmp_path / "s" / "tallies").read_text()
    assert tallies.startswith("dropped ")


def test_a_torn_line_costs_itself_alone(sdk, product, collector, tmp_path):
    product("telemetry.record('done', count=1)")
    (path,) = (tmp_path / "state" / "spool").glob("*.open")
    with path.open("ab") as file:
        file.write(b'{"item":"event.done","id":"12')
    product("telemetry.record('done', count=2)\ntelemetry.record('done', count=3)")
    sdk("send", code=1)
    assert counts(collector) == [1, 2, 3]

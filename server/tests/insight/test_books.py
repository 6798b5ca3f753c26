"""The newest items with their outcomes, and the books that add up."""

from fleet import MANIFEST, Fleet
from fleet import world as build

from glasshouse.insight import Insight
from glasshouse.model import Origin, Outcome, Reason


def test_the_books_add_up(world):
    books = world.insight.books(world.insight.product("forge"))
    assert books.balanced
    assert books.stored == len(world.fleet.items)
    assert books.received == books.stored + 6
    assert books.rejected == {Reason.WRONG_TYPE: 3, Reason.UNKNOWN_ITEM: 2}
    assert books.suppressed == {Reason.DO_NOT_TRACK: 1}


def test_the_newest_items_are_the_newest_of_their_origin_and_what_was_refused(world):
    product = world.insight.product("forge")
    newest = world.insight.newest(product, Origin.SIMULATED, limit=30)
    accepted = [item for item in newest if item.outcome is Outcome.ACCEPTED and not item.reason]
    expected = sorted((item.at for item in world.fleet.of("simulated")), reverse=True)
    assert [item.received_at for item in accepted] == expected[: len(accepted)]
    refused = {(item.reason, item.field, item.items) for item in newest if item.reason}
    assert (Reason.WRONG_TYPE, "seconds", 3) in refused
    assert list(newest) == sorted(newest, key=lambda item: item.received_at, reverse=True)


def test_a_product_without_items_has_empty_answers(tmp_path):
    """Registered a moment ago: no table has been made yet."""
    made = build(tmp_path, Fleet(), refusals=[])
    made.catalogue.add(MANIFEST.replace('slug = "forge"', 'slug = "anvil"').encode())
    insight: Insight = made.insight
    product = insight.product("anvil")
    assert insight.glance(product, Origin.PRODUCTION).newest_version is None
    assert insight.newest(product, Origin.PRODUCTION) == ()
    assert insight.origins(product) == ()
    assert insight.books(product).received == 0
    assert set(insight.ask("active_instances", {"product": ["anvil"]}).column("instances")) == {0}
    assert not insight.ask("version_adoption", {"product": ["anvil"]}).rows
    assert not insight.ask("field_distribution", {"product": ["anvil"], "field": ["cores"]}).rows
    made.store.close()

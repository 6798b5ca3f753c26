"""What real servers of 2018 can be asked they answer as the embedded store does: two shards of two
replicas, of which each knows half of the instances.

They know no window functions, no second join in a query, no numbers of 128 bits and no exact
medians; those questions have their golden answers on ClickHouse in this process.
"""

import fleet as fleets
import pytest

from glasshouse.insight import newest, overview
from glasshouse.model import Origin

pytestmark = pytest.mark.xdist_group("clickhouse")

PERIOD = {"product": ["forge"], "from": ["2026-09-01"], "to": ["2026-11-18"]}
AFFECTED = {"affected": [">=2.0.0,<2.1.0"]}
ASKED = [
    ("active_instances", {}),
    ("active_instances", {"by": ["week"]}),
    ("active_instances", {"by": ["month"], "version": ["2.0.0"]}),
    ("active_instances", {"country": ["DE"]}),
    ("active_instances", {"where": ["system=Debian 12", "country!=DE"]}),
    ("version_adoption", {"by": ["month"]}),
    ("version_adoption", {"by": ["week"], "where": ["country=DE"]}),
    ("version_lag", {"by": ["week"]}),
    ("minimum_version", {}),
    ("retention", {"by": ["week"]}),
    ("retention", {"by": ["month"], "where": ["country=DE"]}),
    ("advisory", AFFECTED),
    ("advisory_spread", AFFECTED),
    ("refused_items", {}),
    ("instance_history", {"instance": ["pro-0000"]}),
]


@pytest.fixture(scope="module")
def generated():
    return fleets.generated()


@pytest.fixture(scope="module")
def spread(servers, generated, tmp_path_factory):
    servers.start()  # what another test has killed
    data = tmp_path_factory.mktemp("spread")
    made = fleets.world(data, generated, place=(data, servers.address("spread")))
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def alone(spread, generated, tmp_path_factory):
    made = fleets.world(tmp_path_factory.mktemp("alone"), generated)
    yield made
    made.store.close()


@pytest.mark.parametrize(("question", "words"), ASKED)
def test_the_cluster_answers_as_one_machine_does(spread, alone, question, words):
    expected = alone.insight.ask(question, PERIOD | words).rows
    assert expected
    assert spread.insight.ask(question, PERIOD | words).rows == expected


def test_every_shard_has_a_part_of_the_instances(spread):
    link = spread.store._link
    text = "select uniqExact(instance) from spread_store.`facts.instances`"
    found = [link.ask_node(node, text).rows[0][0] for node in link.nodes]
    assert found == [found[0], found[0], found[2], found[2]]
    assert found[0] + found[2] == 120
    assert min(found) > 30


def test_the_pages_that_are_no_questions_say_the_same(spread, alone):
    for of in (
        lambda world: overview.origins(world.store, "forge"),
        lambda world: overview.glance(world.store, "forge", Origin.PRODUCTION, fleets.TODAY),
        lambda world: world.insight.books(world.insight.product("forge")),
        lambda world: tuple(newest.newest_refusals(world.store, "forge", 10)),
    ):
        assert of(spread) == of(alone)

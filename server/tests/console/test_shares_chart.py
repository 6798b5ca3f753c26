"""Which values a chart of shares names, and which it adds up as the others."""

from glasshouse.console.charts.shares import MOST_LAYERS, layers_of


def test_a_new_release_is_named_among_many_older_ones():
    steps = 90
    older = {f"1.{n}": [0.1] * (steps - 5) + [0.07] * 5 for n in range(10)}
    shares = {"2.0": [0.0] * (steps - 5) + [0.3] * 5, **older}

    layers = layers_of(shares)

    assert layers[0].key == "2.0", "it is the first of the order given"
    assert layers[0].latest == 0.3
    assert [layer.key for layer in layers].count(None) == 1
    assert len(layers) == MOST_LAYERS + 1
    assert abs(sum(layer.latest or 0 for layer in layers) - 1) < 1e-9


def test_one_left_over_is_shown_by_its_name():
    shares = {f"{n}": [1 / (MOST_LAYERS + 1)] for n in range(MOST_LAYERS + 1)}

    assert all(layer.key for layer in layers_of(shares))

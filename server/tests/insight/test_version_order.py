"""Versions sort as people mean them."""

import random

from glasshouse.catalogue.version_order import version_key

ORDERED = [
    None, "", "0.9", "1.9", "1.10-dev", "1.10-alpha2", "1.10.beta1", "1.10-rc1", "1.10-rc2", "1.10",
    "1.10-2", "1.10.1", "v2", "4.4.26-25", "4.4.26-26", "2026.1", "2" * 300,
]  # fmt: skip


def test_versions_sort_by_release():
    shuffled = random.Random(3).sample(ORDERED, len(ORDERED))
    found = sorted(shuffled, key=version_key)
    assert found == ORDERED

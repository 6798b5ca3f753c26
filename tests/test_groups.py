"""Tests of one group run in one process."""

import os

import pytest

pytestmark = pytest.mark.xdist_group("groups")


@pytest.mark.parametrize("number", [1, 2])
def test_a_test_is_sent_with_its_group(request, number):
    if "PYTEST_XDIST_WORKER" not in os.environ:
        pytest.skip("all tests run in this process")
    assert request.node.nodeid.endswith(f"[{number}]@groups")

"""Groups of tests hold: those of one `xdist_group` run in one process, one after the other.

pytest-xdist tells a test's group at the end of its id, where pytest 9.2 does not look any more;
without this, groups are spread over all processes, and nothing says so.
"""

import pytest
from _pytest.nodeid import coerce_node_id


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        with_group = vars(item).get("_nodeid")
        if with_group is not None:
            item._id = coerce_node_id(with_group)  # noqa: SLF001 (it has no other place)

"""The short form of `python -m soak.mixed`: seconds of every traffic, and a few restarts."""

from soak.mixed import soak
from soak.right_requests import DOORS


def test_all_doors_restarts_and_wrong_requests_leave_every_right_item_once(tmp_path):
    findings = soak(tmp_path / "data", 12, 3, life=(1.0, 2.0))
    assert findings["difference"] == 0
    assert set(findings["right items, each stored once"]) == set(DOORS)
    assert min(findings["right items, each stored once"].values()) > 0
    assert findings["wrong requests"] > 20
    assert findings["rejected"] > 20
    assert findings["duplicate"] > 0
    # Stopped first, then killed, and so on; a slow machine may come to the first alone.
    assert findings["ends of servers"]["stopped"] > 0

"""Whose address a request has: the peer's own, or what a proxy says that the operator trusts."""

import pytest

from glasshouse.collector.addresses import peer_of

SENDER = "198.51.100.7"


@pytest.mark.parametrize(
    ("peer", "trusted", "found"),
    [
        ("10.1.2.3", (), "10.1.2.3"),
        ("10.1.2.3", ("10.1.2.3/32",), SENDER),
        ("10.1.2.3", ("192.0.2.0/24", "10.1.0.0/16"), SENDER),
        ("10.2.2.3", ("10.1.0.0/16",), "10.2.2.3"),
        ("::ffff:10.1.2.3", ("10.1.0.0/16",), SENDER),
        ("2001:db8::7", ("2001:db8::/32",), SENDER),
        ("2001:db9::7", ("2001:db8::/32", "0.0.0.0/0"), "2001:db9::7"),
        ("testclient", ("0.0.0.0/0",), None),
    ],
)
def test_a_forwarded_address_counts_from_trusted_networks_alone(peer, trusted, found):
    headers = {"x-forwarded-for": f"203.0.113.1, {SENDER}"}
    assert peer_of((peer, 1), headers, frozenset(trusted)) == found
    assert peer_of((peer, 1), {}, frozenset(trusted)) == (peer_of((peer, 1), {}, frozenset()))

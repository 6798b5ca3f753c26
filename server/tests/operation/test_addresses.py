"""Addresses of a cluster's engines that cannot be are told before anything is opened."""

import pytest

from glasshouse.cli.main import main

NATS = "nats://127.0.0.1:1"


@pytest.mark.parametrize(
    ("store", "said"),
    [
        ("http://x", "found the scheme 'http'"),
        ("clickhouse://h:zz/db", "expected host:port"),
        ("clickhouse://h/db?foo=1", "expected 'cluster' or 'copies'"),
        ("clickhouse://user:secret@/db", "found no host"),
    ],
)
@pytest.mark.parametrize("role", ["collector", "loader", "console"])
def test_an_address_of_a_store_that_cannot_be(tmp_path, capsys, role, store, said):
    directory = tmp_path / "data"
    words = ["serve", "--role", role, "--journal", NATS, "--store", store]

    status = main([*words, "--data", str(directory)])

    told = capsys.readouterr().err
    assert status == 2
    assert "GLASSHOUSE_STORE" in told
    assert said in told
    assert "secret" not in told
    assert not directory.exists()

"""The short form of `make soak`: a few kills and a few power cuts."""

import random

import pytest
from soak.crashes import crash
from soak.disks import KINDS, can_cut_power

# A server that never syncs what it writes: what a power cut does to it must be found.
FORGETFUL = "import os, sys; os.fdatasync = os.fsync = lambda _: None; "
FORGETFUL += "from glasshouse.cli.main import main; sys.exit(main())"


@pytest.fixture
def disk(request, tmp_path):
    kind = request.param
    if kind == "power" and not can_cut_power(tmp_path):
        pytest.skip("this machine lets nobody mount an image: no power can be cut")
    disk = KINDS[kind](tmp_path)
    yield disk
    disk.free()


@pytest.mark.parametrize("disk", ["kill", "power"], indirect=True)
def test_nothing_acknowledged_is_lost_or_counted_twice(disk):
    ledger = crash(disk, 3, random.Random(11), clients_seconds=0.5)
    assert ledger.acknowledged > 300
    assert ledger.sent_again >= 1, "the crashes came while requests were under way"


@pytest.mark.parametrize("disk", ["power"], indirect=True)
def test_nor_with_a_further_collector(disk):
    ledger = crash(disk, 3, random.Random(12), clients_seconds=0.8, collectors="2")
    assert ledger.acknowledged > 100


@pytest.mark.parametrize("disk", ["power"], indirect=True)
def test_a_server_that_does_not_sync_is_found_out(disk):
    with pytest.raises((AssertionError, RuntimeError)):
        crash(disk, 3, random.Random(11), program=("-c", FORGETFUL))

"""The short form of `python -m soak.syscalls`: a few of the writes and syncs that can fail."""

import shutil

import pytest
from soak.syscalls import Fault, ingest_with

FAULTS = (
    Fault("fdatasync", 2, "EIO"),
    Fault("writev", 2, "ENOSPC"),
    Fault("writev", 2, "short"),
    Fault("write", 20, "EIO"),
    Fault("fsync", 3, "kill"),
)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f.call}-{f.number}-{f.way}")
def test_a_failing_call_loses_nothing_that_was_acknowledged(fault):
    ledger = ingest_with(fault)
    assert ledger.acknowledged == ledger.next_number

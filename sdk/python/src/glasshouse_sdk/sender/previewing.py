"""The next request, frozen before it leaves, so that what is looked at is what is sent."""

from __future__ import annotations

import os
import time

from glasshouse_sdk import locks
from glasshouse_sdk.claims import claims, open_files, seal_all
from glasshouse_sdk.destination import Destination
from glasshouse_sdk.sender.delivery import LOCK
from glasshouse_sdk.sender.freezing import frozen_request, read_request
from glasshouse_sdk.sender.permission import Permission
from glasshouse_sdk.state import State
from glasshouse_sdk.surroundings import Surroundings
from glasshouse_sdk.wires import Request

PATIENCE = 5.0  # seconds to wait for a sender that is at work


class SenderAtWorkError(Exception):
    """A sender held the spool for longer than a person waits."""


def next_request(
    state: State, destination: Destination, surroundings: Surroundings
) -> Request | None:
    """The request that will leave next, byte for byte; None if nothing would be sent.

    Raises `SenderAtWorkError`, `UnknownWireError`, `OSError`.
    """
    permission = Permission(state, destination, surroundings)
    if not permission.everywhere().may_send or not (open_files(state) or claims(state)):
        return None
    descriptor = os.open(state.path(LOCK), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not locks.try_alone(descriptor, PATIENCE):
            raise SenderAtWorkError("found a sender at work; try again when it is done")
        seal_all(state, time.time_ns())
        for claim in claims(state):
            frozen = frozen_request(state, claim, destination, permission.of(claim))
            if frozen is not None:
                return read_request(frozen[0]) or frozen[1]
    finally:
        os.close(descriptor)
    return None

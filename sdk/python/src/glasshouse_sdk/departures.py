"""As whom items left this machine, so that all of it can be asked to be forgotten later.

One line each: `proven ID` went out with the proof of decision 0030, `unproven ID` without one.
Written before the first attempt: what may have arrived counts as arrived.
"""

from __future__ import annotations

import json
import os
import re

from glasshouse_sdk.claims import Claim
from glasshouse_sdk.state import DEPARTURES, State

PROVEN, UNPROVEN = "proven", "unproven"
INSTANCE = re.compile(rb'"instance":("(?:[^"\\]|\\.)*")')


def note_departure(state: State, claim: Claim, proves: bool) -> None:
    """The instances of a claim that is about to leave. Raises `OSError`."""
    matches = (INSTANCE.search(line) for line in claim.lines())
    instances = sorted({json.loads(match[1]) for match in matches if match is not None})
    known = read_departures(state)
    how = PROVEN if proves else UNPROVEN
    new = [name for name in instances if known.get(name) not in (how, PROVEN)]
    if not new:
        return
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    descriptor = os.open(state.path(DEPARTURES), flags, 0o600)
    try:
        os.write(descriptor, "".join(f"{how} {name}\n" for name in new).encode())
    finally:
        os.close(descriptor)


def read_departures(state: State) -> dict[str, str]:
    """Each instance that items left as, with whether it was proven."""
    departures: dict[str, str] = {}
    for line in (state.read(DEPARTURES) or "").splitlines():
        how, _, name = line.partition(" ")
        if name and departures.get(name) != PROVEN:
            departures[name] = how
    return departures

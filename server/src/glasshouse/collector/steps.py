"""What happens to a request, top to bottom: the privacy policy of the collector.

Each step takes the parcel and the desk. It refuses the whole request by raising `RefusedError`, or
one item by a verdict; what it leaves alone goes on. After the last step nothing undeclared is
left, and only then is anything written: see `recording.py`. Repeats are detected by the loader,
where everything that was ever accepted is known.
"""

import ipaddress
from collections.abc import Callable

from glasshouse.collector.bodies import inflate
from glasshouse.collector.desk import Desk
from glasshouse.collector.doors import DOORS
from glasshouse.collector.identities import clean_identities
from glasshouse.collector.parcel import Parcel, RefusedError, Verdict
from glasshouse.collector.reducing import reduce_fields
from glasshouse.collector.times import corrected, is_impossible
from glasshouse.model import Origin, Outcome, Reason

Step = Callable[[Parcel, Desk], None]


def inflate_body(parcel: Parcel, _: Desk) -> None:
    """The body as the client wrote it, bounded, whatever encoding carries it."""
    parcel.body = inflate(parcel.body, parcel.headers.get("content-encoding", ""))


def honour_refusal(parcel: Parcel, _: Desk) -> None:
    """A browser that asks not to be tracked is obeyed here too, should a client have missed it."""
    for header in ("dnt", "sec-gpc"):
        if parcel.headers.get(header) == "1":
            raise RefusedError(
                Reason.DO_NOT_TRACK, f"{header}: 1", "no such header", outcome=Outcome.SUPPRESSED
            )


def open_parcel(parcel: Parcel, desk: Desk) -> None:
    """Authenticate, decode, find the declaration, keep declared fields only.

    The door does these four in one go: it knows where its clients put the key and the items, and
    decoding into the declared types is what keeps undeclared ones out.
    """
    if parcel.headers.get("glasshouse-origin") == "simulated":
        parcel.origin = Origin.SIMULATED
    DOORS[parcel.door].open(parcel, desk)


def end_ended(parcel: Parcel, _: Desk) -> None:
    """What the manifest has ended is no longer accepted, even from clients that still send it."""
    today = parcel.received_at.date().isoformat()
    for place, entry in enumerate(parcel.entries):
        if entry is not None:
            ends = parcel.declaration(entry).item.ends
            if ends is not None and ends < today:
                parcel.refuse(place, Verdict(Outcome.REJECTED, Reason.ENDED))


def pseudonymise(parcel: Parcel, desk: Desk) -> None:
    """Identities and texts become what the manifest says, where the client sent them raw."""
    clean_identities(parcel, desk)
    for entry in parcel.entries:
        if entry is not None:
            reductions = parcel.declaration(entry).reduce
            if reductions:
                reduce_fields(entry.fields, reductions)


def place_sender(parcel: Parcel, desk: Desk) -> None:
    """The sender's address becomes a country and a region, then it is gone.

    A manifest that declares an address gets it as it says: as a place, truncated, or whole.
    """
    peer, parcel.peer = parcel.peer, None
    if peer is None:
        return
    parcel.country, parcel.region = desk.places.place(peer)
    for entry in parcel.entries:
        if entry is not None:
            for name, anonymise in parcel.declaration(entry).addresses:
                place = "/".join(filter(None, (parcel.country, parcel.region)))
                reduced = {"none": peer, "truncate": truncated(peer), "place": place or None}
                setattr(entry.fields, name, reduced[anonymise])


def truncated(address: str) -> str:
    """The network that an address is in: 192.0.2.0/24, or 2001:db8::/48."""
    network = ipaddress.ip_network(f"{address}/{48 if ':' in address else 24}", strict=False)
    return str(network)


def correct_clock(parcel: Parcel, _: Desk) -> None:
    """Times are moved to this server's clock; an impossible one is no event, but still a state."""
    received_at, sent_at = parcel.received_at, parcel.sent_at
    for place, entry in enumerate(parcel.entries):
        if entry is None:
            continue
        try:
            at = corrected(entry.at, sent_at, received_at)
            impossible = is_impossible(at, received_at)
        except OverflowError:
            at, impossible = received_at, True
        if not impossible:
            entry.at = min(at, received_at)
        elif parcel.declaration(entry).item.kind == "snapshot":
            entry.at = received_at
            parcel.doubtful.add(place)
        else:
            parcel.refuse(place, Verdict(Outcome.REJECTED, Reason.IMPOSSIBLE_TIME))


STEPS: tuple[Step, ...] = (
    inflate_body,
    honour_refusal,
    open_parcel,
    end_ended,
    pseudonymise,
    place_sender,
    correct_clock,
)

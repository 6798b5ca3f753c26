"""What happens to a request, top to bottom: the privacy policy of the collector.

Each step takes the parcel and the desk. It refuses the whole request by raising `RefusedError`, or
one item by a verdict; what it leaves alone goes on. After the last step nothing undeclared is
left, and only then is anything written: see `recording.py`. Repeats are detected by the loader,
where everything that was ever accepted is known.
"""

import ipaddress
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

from glasshouse.catalogue.endings import has_ended
from glasshouse.catalogue.renaming import current_names
from glasshouse.collector.bodies import inflate
from glasshouse.collector.declarations import version_of
from glasshouse.collector.desk import Desk
from glasshouse.collector.doors import DOORS
from glasshouse.collector.doors.native import ORIGINS
from glasshouse.collector.parcel import Entry, Parcel, RefusedError, Undeclared, Verdict
from glasshouse.collector.proofs import TOKEN
from glasshouse.collector.reducing import attribute_name, reduce_all
from glasshouse.collector.times import corrected, possible_times
from glasshouse.model import Origin, Outcome, Reason

Step = Callable[[Parcel, Desk], None]

UNDECLARED_IDENTITY = Undeclared("identities", "text")


def inflate_body(parcel: Parcel, _: Desk) -> None:
    """The body as the client wrote it, bounded, whatever encoding carries it."""
    parcel.body = inflate(parcel.body, parcel.headers.get("content-encoding", ""))


def open_parcel(parcel: Parcel, desk: Desk) -> None:
    """Authenticate, decode, find the declaration, keep declared fields only.

    The door does these four in one go: it knows where its clients put the key and the items, and
    decoding into the declared types is what keeps undeclared ones out.
    """
    if parcel.headers.get("glasshouse-origin") == "simulated":
        parcel.origin = Origin.SIMULATED
    DOORS[parcel.door].open(parcel, desk)
    # Our own client on a foreign wire, whose body has no place for it: less than the key, not more.
    stated = ORIGINS.get(parcel.headers.get("glasshouse-origin", ""))
    if stated is not None and parcel.origin is Origin.PRODUCTION:
        parcel.origin = stated
    parcel.group()


def honour_refusal(parcel: Parcel, _: Desk) -> None:
    """A browser that asks not to be tracked is obeyed here too, should a client have missed it.

    Each item has its outcome, so that the client sends none of them again.
    """
    if "1" not in (parcel.headers.get("dnt"), parcel.headers.get("sec-gpc")):
        return
    for _declaration, entries in parcel.groups():
        for place, _entry in entries:
            parcel.refuse(place, Verdict(Outcome.SUPPRESSED, Reason.DO_NOT_TRACK))


def keep_pace(parcel: Parcel, desk: Desk) -> None:
    """A product that sends faster than it may comes back later; nothing of the request is taken."""
    product = desk.catalogue.product(parcel.product)
    if desk.pace is not None:
        rate = product.settings.rate if product is not None else None
        desk.pace.admit_product(parcel.product, parcel.received, rate)


def keep_to_dates(parcel: Parcel, desk: Desk) -> None:
    """What the manifest has ended, or begins later, is refused whatever clients think of it."""
    end_items(parcel, desk)
    today = parcel.received_at.date().isoformat()
    for declaration, entries in parcel.groups():
        starts, ends = declaration.item.starts, declaration.item.ends
        if ends is not None and ends < today:
            reason = Reason.ENDED
        elif starts is not None and today < starts:
            reason = Reason.NOT_STARTED
        else:
            continue
        for place, _entry in entries:
            parcel.refuse(place, Verdict(Outcome.REJECTED, reason))


def end_items(parcel: Parcel, desk: Desk) -> None:
    """What the newest manifest has ended is over for the clients of older ones too: their items are
    refused, their fields taken out, and both are counted.
    """
    product = desk.catalogue.product(parcel.product)
    if product is None or parcel.declarations is None:
        return
    endings = desk.endings(product, parcel.declarations.manifest)
    today = parcel.received_at.date().isoformat()
    for declaration, entries in parcel.groups() if endings else ():
        ending = endings.get(declaration.path)
        if ending is None:
            continue
        if ending.item is not None:
            for place, entry in entries:
                if has_ended(ending.item, version_of(declaration, entry), today):
                    parcel.refuse(place, Verdict(Outcome.REJECTED, Reason.ENDED))
            continue
        for name, end in ending.fields:
            attribute = attribute_name(name)
            for _place, entry in entries:
                is_there = getattr(entry.fields, attribute) is not None
                if is_there and has_ended(end, version_of(declaration, entry), today):
                    setattr(entry.fields, attribute, None)
                    parcel.ended[declaration.path, name] += 1


def narrow(parcel: Parcel, desk: Desk) -> None:
    """What the product's settings have ended or no longer ask for goes no further.

    A required field stays as long as its item does.
    """
    product = desk.catalogue.product(parcel.product)
    if product is None:
        return
    settings = product.settings
    if settings.ended:
        raise RefusedError(Reason.ENDED, "an item of a product that has ended", "no more items")
    if settings.allow is None:
        return
    for declaration, entries in parcel.groups():
        if not settings.allows(declaration.path):
            for place, _entry in entries:
                parcel.refuse(place, Verdict(Outcome.SUPPRESSED, Reason.NARROWED))
            continue
        names = current_names(declaration.item, product.manifest)
        for field in declaration.item.fields.values():
            name = names.get(field.name, field.name)
            if not field.required and not settings.allows(f"{declaration.path}.{name}"):
                for _place, entry in entries:
                    setattr(entry.fields, attribute_name(field.name), None)


def clean_identities(parcel: Parcel, _: Desk) -> None:
    """Whose an item is, as it may be stored: well-formed, declared, hashed if it came raw."""
    if parcel.declarations is None:
        return  # a door that finds the product item by item found none
    cleaners = parcel.declarations.clean
    clean_instance = cleaners["instance"]
    for declaration, entries in parcel.groups():
        # Most requests come from one instance, and leave it as it is.
        cleaned = {name: clean_instance(name) for name in {entry.instance for _, entry in entries}}
        changed = {name: clean for name, clean in cleaned.items() if clean != name}
        for place, entry in entries:
            if entry.instance in changed:
                clean = changed[entry.instance]
                if clean is None:
                    parcel.refuse(place, Verdict(Outcome.REJECTED, Reason.BAD_IDENTITY))
                    continue
                entry.instance = clean
            if entry.identities:
                _clean_others(parcel, place, entry, declaration.item.identities)


def _clean_others(parcel: Parcel, place: int, entry: Entry, declared: tuple[str, ...]) -> None:
    assert parcel.declarations is not None  # noqa: S101 (checked by the caller)
    kept = {}
    for kind, value in (entry.identities or {}).items():
        if kind not in declared:
            parcel.dropped[place] = (*parcel.dropped.get(place, ()), UNDECLARED_IDENTITY)
            continue
        text = parcel.declarations.clean[kind](value)
        if text is None:
            parcel.refuse(place, Verdict(Outcome.REJECTED, Reason.BAD_IDENTITY))
            return
        kept[kind] = text
    entry.identities = kept or None


def prove_instances(parcel: Parcel, desk: Desk) -> None:
    """An instance that has once proven itself is written by nobody else, through whatever door; one
    that asked to be forgotten, by nobody at all.

    Here too an instance that sends faster than its product allows is told to come back.
    """
    product = desk.catalogue.product(parcel.product)
    if product is None:
        return
    token = parcel.headers.get("glasshouse-proof")
    if token is not None and not TOKEN.match(token):
        raise RefusedError(Reason.BAD_PROOF, "no token", "64 lower-case hex digits, or no header")
    rate = product.settings.instance_rate
    if desk.pace is not None and rate:
        named = Counter(entry.instance for _, group in parcel.groups() for _, entry in group)
        for instance, items in named.items():
            desk.pace.admit_instance(f"{product.slug}/{instance}", items, rate)
    if desk.proofs is None:
        return
    # Where clients speak a foreign format none of them proves anything; who could register a token
    # for their instances would lock them out.
    register = parcel.door == "native" and product.manifest.product.wire == "native"
    instances = {entry.instance for _, group in parcel.groups() for _, entry in group}
    strange = {
        name
        for name in instances
        if not desk.proofs.allows(product.slug, name, token, register=register)
    }
    if strange:
        buried = {name for name in strange if desk.proofs.is_buried(product.slug, name)}
        for _, group in parcel.groups():
            for place, entry in group:
                if entry.instance in buried:
                    parcel.refuse(place, Verdict(Outcome.SUPPRESSED, Reason.ERASED))
                elif entry.instance in strange:
                    parcel.refuse(place, Verdict(Outcome.REJECTED, Reason.BAD_PROOF))


def pseudonymise(parcel: Parcel, _: Desk) -> None:
    """Texts become what the manifest says, where the client sent them raw; versions and the keys of
    maps become numbers and known words.
    """
    if parcel.declarations is None:
        return
    for declaration, entries in parcel.groups():
        wrong = reduce_all([entry.fields for _, entry in entries], declaration.reductions)
        for index, field in wrong.items():
            place = entries[index][0]
            parcel.refuse(place, Verdict(Outcome.REJECTED, Reason.WRONG_TYPE, field))
        plain_versions(parcel, entries)


def plain_versions(parcel: Parcel, entries: list[tuple[int, Entry]]) -> None:
    """The versions that stand beside the fields; a batch is mostly of one, looked at once."""
    assert parcel.declarations is not None  # noqa: S101 (checked by the caller)
    plain: dict[str, str | None] = {}
    for version in {entry.version for _, entry in entries}:
        if version is not None:
            try:
                plain[version] = parcel.declarations.plain_version(version)
            except ValueError:
                plain[version] = None
    if all(version == left for version, left in plain.items()):
        return
    for place, entry in entries:
        if entry.version is not None:
            left = plain[entry.version]
            if left is not None:
                entry.version = left
            elif place not in parcel.verdicts:
                parcel.refuse(place, Verdict(Outcome.REJECTED, Reason.BAD_SHAPE))


def place_sender(parcel: Parcel, desk: Desk) -> None:
    """The sender's address becomes a country and a region, then it is gone.

    A manifest that declares an address gets it as it says: as a place, truncated, or whole.
    """
    peer, parcel.peer = parcel.peer, None
    if peer is None:
        return
    parcel.country, parcel.region = desk.places.place(peer)
    for declaration, entries in parcel.groups():
        for name, anonymise in declaration.addresses:
            place = "/".join(filter(None, (parcel.country, parcel.region)))
            reduced = {"none": peer, "truncate": truncated(peer), "place": place or None}
            for _, entry in entries:
                setattr(entry.fields, name, reduced[anonymise])


def truncated(address: str) -> str:
    """The network that an address is in: 192.0.2.0/24, or 2001:db8::/48."""
    network = ipaddress.ip_network(f"{address}/{48 if ':' in address else 24}", strict=False)
    return str(network)


def correct_clock(parcel: Parcel, _: Desk) -> None:
    """Times are moved to this server's clock; an impossible one is no event, but still a state."""
    received_at, sent_at = parcel.received_at, parcel.sent_at
    oldest, newest = possible_times(received_at)
    for declaration, entries in parcel.groups():
        if sent_at is None and _all_in_order(
            [entry.at for _, entry in entries], oldest, received_at
        ):
            continue
        for place, entry in entries:
            at = corrected(entry.at, sent_at, received_at)
            if oldest <= at <= received_at:
                entry.at = at
            elif oldest <= at <= newest:
                entry.at = received_at
            elif declaration.item.kind == "snapshot":
                entry.at = received_at
                parcel.doubtful.add(place)
            else:
                parcel.refuse(place, Verdict(Outcome.REJECTED, Reason.IMPOSSIBLE_TIME))


def _all_in_order(times: list[datetime], oldest: datetime, newest: datetime) -> bool:
    """Whether nothing has to be done about any of these times."""
    if not times:
        return True
    return {time.tzinfo for time in times} == {UTC} and oldest <= min(times) <= max(times) <= newest


STEPS: tuple[Step, ...] = (
    inflate_body,
    open_parcel,
    honour_refusal,
    keep_pace,
    keep_to_dates,
    narrow,
    clean_identities,
    prove_instances,
    pseudonymise,
    place_sender,
    correct_clock,
)

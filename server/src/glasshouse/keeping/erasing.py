"""Erasure: gone from every place, gone again from restored backups, and not let in again.

    catch up     what was acknowledged is loaded; the journal forgets it, to the last segment
    note         the erasure is in the list, by keyed hash, before anything is touched
    forget       the instances' proofs
    contacts     whom to write to at an organization: before the store says that it is done
    erase        rows, derived facts and ids: one transaction of the store
    cleanse      records that were put aside
    rewrite      the store's file, for deleted bytes stay in the old one
    receipt      what, when, how much, and a checksum over it

Requests of persons are gathered and done together: one look through the tables and one rewrite for
all of them (`erase_together`, called by `forgetting.py`).

All but the first run again at the next start if the process ends in between (`replay`), and after a
restore. Keys of repeats are hashes of message ids and outlive the erasure, so an exact resend is a
repeat; any other item of the identity made before the erasure is suppressed(erased) by the store.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from glasshouse.keeping import ledger
from glasshouse.keeping.cleansing import cleanse
from glasshouse.keeping.holdings import Holdings
from glasshouse.keeping.subject import SubjectError, check_subject
from glasshouse.store import Erased, Erasure

FORGET = "forget-"  # how the names of erasures begin that an instance asked for itself


class ErasureError(Exception):
    """An erasure that cannot be done as asked; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants erased: everything of an identity, or of a product; in a time range."""

    product: str
    kind: str | None = None
    identity: str | None = None
    since: datetime | None = None  # UTC without a zone, as `until`
    until: datetime | None = None
    origin: str | None = None


def erase(holdings: Holdings, wanted: Wanted) -> dict[str, Any]:
    """Erase, and return the receipt. Raises `ErasureError` before anything is touched."""
    _check(holdings, wanted)
    return holdings.loader.do(lambda: _erase(holdings, wanted))


def replay(holdings: Holdings) -> list[str]:
    """Do what the list says and the store has not done. The names of what was done, in order."""
    done = holdings.store.erasures()
    missing = [
        entry for entry in ledger.asked(holdings.files.directory) if entry[0].name not in done
    ]
    for erasure, key_print in missing:
        if erasure.mark is not None and key_print != holdings.key_print:
            raise ErasureError(
                f"the erasure {erasure.name} was asked for under another server key: found the key "
                f"{holdings.key_print}, expected {key_print}; restore secrets/server.key first, or "
                "what was erased would come back"
            )
    if missing or holdings.store.rewrite_due():
        holdings.loader.do(lambda: _replay(holdings, [erasure for erasure, _ in missing]))
    return [erasure.name for erasure, _ in missing]


def _check(holdings: Holdings, wanted: Wanted) -> None:
    try:
        check_subject(holdings, wanted.product, wanted.kind, wanted.identity)
    except SubjectError as error:
        raise ErasureError(str(error)) from None
    if wanted.since and wanted.until and wanted.since >= wanted.until:
        raise ErasureError("found a time range that ends before it begins, expected FROM before TO")


def _erase(holdings: Holdings, wanted: Wanted) -> dict[str, Any]:
    holdings.loader.catch_up()
    mark = None
    if wanted.kind is not None and wanted.identity is not None:
        mark = holdings.store.mark(wanted.product, wanted.kind, wanted.identity)
    asked_at = holdings.now()
    erasure = Erasure(
        name=f"{asked_at:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}",
        product=wanted.product,
        asked_at=asked_at,
        kind=wanted.kind,
        mark=mark,
        since=wanted.since,
        until=wanted.until,
        origin=wanted.origin,
    )
    ledger.note_asked(holdings.files, erasure, holdings.key_print)
    return _carry_out(holdings, erasure, wanted.identity)


def erase_together(holdings: Holdings, erasures: Sequence[Erasure]) -> None:
    """What persons asked for (`FORGET`): the receipts are in the list when this returns.

    Call it from the loading thread. What an earlier run that ended early has done is not done anew.
    """
    holdings.loader.catch_up()
    done = holdings.store.erasures()
    missing = [erasure for erasure in erasures if erasure.name not in done]
    erased, aside = _take_out_together(holdings, missing)
    if holdings.store.rewrite_due():
        holdings.store.rewrite()
    for erasure in erasures:
        went = erased.get(erasure.name, Erased({}, 0))
        receipt = _receipt(erasure, went, aside.get(erasure.name, 0), holdings.now())
        ledger.note_done(holdings.files, receipt)


def _take_out_together(
    holdings: Holdings, erasures: Sequence[Erasure]
) -> tuple[Mapping[str, Erased], Mapping[str, int]]:
    erased = holdings.store.erase_instances(erasures)
    for erasure in erasures:
        instance = erased[erasure.name].instance
        if instance is not None:  # it was buried when it asked, but a power cut may undo that
            holdings.proofs.bury(erasure.product, instance)
    return erased, {erasure.name: cleanse(holdings, erasure) for erasure in erasures}


def _replay(holdings: Holdings, erasures: list[Erasure]) -> None:
    holdings.loader.catch_up()
    _take_out_together(holdings, [e for e in erasures if e.name.startswith(FORGET)])
    for erasure in erasures:
        if erasure.name.startswith(FORGET):
            continue
        holdings.proofs.forget(erasure.product, holdings.store.instances_of(erasure))
        _forget_contacts(holdings, erasure)
        holdings.store.erase(erasure)
        cleanse(holdings, erasure)
    holdings.store.rewrite()


def _carry_out(holdings: Holdings, erasure: Erasure, identity: str | None) -> dict[str, Any]:
    instances = set(holdings.store.instances_of(erasure))
    if identity is not None and erasure.kind == "instance" and not (erasure.since or erasure.until):
        instances.add(identity)  # a proof may be there without any item
    holdings.proofs.forget(erasure.product, instances)
    _forget_contacts(holdings, erasure)
    erased = holdings.store.erase(erasure)
    aside = cleanse(holdings, erasure, identity)
    holdings.store.rewrite()
    receipt = _receipt(erasure, erased, aside, holdings.now())
    ledger.note_done(holdings.files, receipt)
    return receipt


def _forget_contacts(holdings: Holdings, erasure: Erasure) -> None:
    """Of an organization, an account or a licence: whom to write to there."""
    kind, mark = erasure.kind, erasure.mark
    if holdings.contacts is None or kind in (None, "instance") or mark is None:
        return
    if erasure.since or erasure.until or erasure.origin:
        return
    store, product = holdings.store, erasure.product
    holdings.contacts.forget(product, lambda name: store.mark(product, str(kind), name) == mark)


def _receipt(
    erasure: Erasure, erased: Erased, aside: int, completed_at: datetime
) -> dict[str, Any]:
    receipt = {
        "name": erasure.name,
        "product": erasure.product,
        "kind": erasure.kind,
        "identity_keyed_hash": erasure.mark,
        "from": erasure.since.isoformat() if erasure.since else None,
        "to": erasure.until.isoformat() if erasure.until else None,
        "origin": erasure.origin,
        "asked_at": erasure.asked_at.isoformat(),
        "completed_at": completed_at.isoformat(),
        "items": dict(erased.items),
        "items_total": sum(erased.items.values()),
        "identities": erased.identities,
        "records_aside": aside,
        "file_rewritten": True,
    }
    text = json.dumps(receipt, sort_keys=True).encode()
    return {**receipt, "sha256": hashlib.sha256(text).hexdigest()}

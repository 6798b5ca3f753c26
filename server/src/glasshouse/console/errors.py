"""Every error that the interface answers with, as a closed set: what programs may rely on.

An error is a JSON object with `error`, one of these, and `message`, a sentence for people; some
have more. `docs/reference/errors.md` is made from this table.
"""

from collections.abc import Mapping

ERRORS: Mapping[str, tuple[tuple[int, ...], str]] = {
    "no_access": ((401,), "no token, or one that is not known here; send one"),
    "forbidden": ((403,), "the token lacks the right in `needs`; `has` are those it has"),
    "no_such": ((404,), "what the address names is not there"),
    "no_such_product": ((404,), "no product of this slug is registered"),
    "no_such_address": ((404,), "nothing is at this address; /openapi.json lists what there is"),
    "wrong_method": ((405,), "the address knows other methods: `expected`"),
    "too_large": ((413,), "the body is longer than is taken"),
    "bad_body": ((400,), "the body is not of the shape in `expected`"),
    "bad_question": ((400,), "a question cannot be asked so: `where`, `found`, `expected`, `hint`"),
    "bad_sql": ((400,), "a query is wrong, not allowed, or too slow"),
    "bad_manifest": ((422,), "a manifest has the `problems` that are listed"),
    "bad_settings": ((422,), "a product's settings cannot be so"),
    "cannot_be": ((422,), "what was asked for cannot be done; nothing was changed"),
    "too_many": ((429,), "too many requests of one reader; `retry-after` says when to come back"),
    "busy": (
        (503,),
        "what a cluster's processes share cannot be changed now; `retry-after` says until when",
    ),
    "fault": ((500,), "a fault of this server; its log says where"),
}
"""Statuses, and what it means."""

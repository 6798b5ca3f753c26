"""The status and the words of a refused request, for the doors that have no words of their own."""

from collections.abc import Mapping

import msgspec

from glasshouse.collector.door import Reply
from glasshouse.collector.parcel import RefusedError
from glasshouse.model import Reason

STATUSES: Mapping[Reason, int] = {
    Reason.WRONG_KEY: 401,
    Reason.NO_PRODUCT: 400,
    Reason.TOO_LARGE: 413,
    Reason.TOO_MANY: 413,
    Reason.ENDED: 410,
}
REMEDIES: Mapping[Reason, str] = {
    Reason.WRONG_KEY: "send the product's write key: Authorization: Bearer KEY",
    Reason.TOO_LARGE: "send fewer items in a request",
    Reason.TOO_MANY: "send fewer items in a request",
    Reason.UNKNOWN_MANIFEST: "register the manifest: glasshouse product add MANIFEST",
}


def error_reply(refused: RefusedError) -> Reply:
    """The refusal as JSON, with the status that the reason has."""
    error = {
        "reason": refused.reason.value,
        "found": refused.found,
        "expected": refused.expected,
        "do": REMEDIES.get(refused.reason, "correct the request; repeating it will not help"),
    }
    return Reply(STATUSES.get(refused.reason, 400), msgspec.json.encode({"error": error}))

"""Everything that this installation is configured to send, for its owner to look at."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def declared_items(compiled: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each item with `item`, `text`, `channel`, `purpose`, `occasions`, `identities`, `part` (its
    title, where it comes from one) and its `fields`; what has ended says so.
    """
    parts = compiled.get("parts", {})
    return [
        {
            "item": path,
            "text": item["text"],
            "channel": item["channel"],
            "purpose": item["purpose"],
            "occasions": item["occasions"],
            "identities": item["identities"],
            "part": parts[item["part"]]["title"] if item.get("part") else None,
            "ended": item.get("ended"),
            "fields": [
                {"field": name, **{k: v for k, v in facts.items() if k != "fields"}}
                for name, facts in item["fields"].items()
            ],
        }
        for path, item in compiled["items"].items()
    ]

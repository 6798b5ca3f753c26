"""What can be seen from outside: what waits on the client, what came to the collector."""

import json


def waiting(sdk) -> int:
    return json.loads(sdk("status", "--json"))["waiting"]


def counts(collector) -> list[int]:
    return [item["fields"]["count"] for item in collector.items]

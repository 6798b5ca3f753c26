"""The digest names a manifest by its content, whatever its comments and layout."""

import hashlib
import json
from collections.abc import Mapping


def manifest_digest(raw: Mapping[str, object]) -> str:
    """`sha256:` and 64 hex digits over the manifest's canonical JSON."""
    text = json.dumps(raw, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

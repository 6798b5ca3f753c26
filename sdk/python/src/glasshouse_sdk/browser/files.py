"""The tracker's and the banner's files. A published version never changes: pages name its hash.

They are built from sdk/browser, whose `npm run release` writes them here under their version.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

VERSION = "1.0.0"
TRACKER = "tracker.js"
BANNER = "banner.js"
PUBLISHED: Mapping[tuple[str, str], str] = {
    ("1.0.0", TRACKER): "sha384-kK6pyJ3zV4Cv9JVYZVyFXiQVUdwRe4/auePUbiwoUMQMsYyhhVLF8QQfQ6u+Sikr",
    ("1.0.0", BANNER): "sha384-fWegdA/RCdxQzucfJObSc8hpSR8cMCKOBNy7xL1Njf3cs2w+/OSRY+lH8pNYFqCo",
}
"""Every version's hash, as a page names it in `integrity`."""


@lru_cache(maxsize=32)
def released(name: str, version: str = VERSION) -> bytes:
    """A published file as it is. Raises `KeyError` for one that there is not."""
    PUBLISHED[version, name]
    return files(__package__).joinpath("files", version, name).read_bytes()


def configured(name: str, configuration: Mapping[str, Any], version: str = VERSION) -> bytes:
    """A file as a page loads it: the tracker with its configuration before it."""
    if name != TRACKER:
        return released(name, version)
    text = json.dumps(configuration, ensure_ascii=True, separators=(",", ":"))
    # A page that loads it twice keeps the tracker that it has.
    return f"self.glasshouse||(self.glasshouse={text});\n".encode() + released(name, version)


def integrity(content: bytes) -> str:
    """What a page's `integrity` says of a file."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


def tag(address: str, content: bytes) -> str:
    """The element that loads a file, and refuses any other than this."""
    return (
        f'<script src="{address}" integrity="{integrity(content)}" crossorigin="anonymous" '
        'referrerpolicy="no-referrer" defer></script>'
    )

"""A whole installation on a directory, with items of instances, users of it and organizations."""

import base64
import contextlib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from loading_world import MANIFEST, record

from glasshouse.cli.installation import Installation
from glasshouse.model import Line
from glasshouse.settings import Settings

NOW = datetime.now(UTC).replace(microsecond=0)
VICTIM = "5f2c1d84-9b3e-4a67-8c15-e0d7a94b6f21"
OTHERS = [str(uuid.UUID(int=0xABCDEF0123456789 * (n + 3) ** 3)) for n in range(40)]
ORGANIZATION = "organization-of-the-victim"


@contextlib.contextmanager
def opened(data: Path) -> Iterator[Installation]:
    notes: list[str] = []
    installation = Installation(Settings(data=data, store_memory="1GB"), notes.append)
    installation.notes = notes
    try:
        yield installation
    finally:
        installation.close()


def line(days_ago: float, instance: str, organization: str | None = None, **fields) -> Line:
    return Line(
        at=NOW - timedelta(days=days_ago),
        received_at=NOW - timedelta(days=days_ago),
        instance=instance,
        fields=msgspec.Raw(msgspec.json.encode(fields)),
        version="1.0",
        identities={"organization": organization} if organization else None,
    )


def event(name: str, days_ago: float, instance: str, organization: str | None = None) -> bytes:
    item = (name, line(days_ago, instance, organization, command="run"))
    return record({"event.command_finished": [item]}, received_at=NOW)


def snapshot(name: str, days_ago: float, instance: str) -> bytes:
    return record({"snapshot.host": [(name, line(days_ago, instance, cores=4))]}, received_at=NOW)


def send(installation: Installation, *payloads: bytes) -> None:
    """Acknowledged: in the journal, synced. Not loaded."""
    for payload in payloads:
        installation.journal.note(payload)
    installation.journal.roll()


def filled(installation: Installation) -> None:
    """Ten items of the victim over ten days, and two of everyone else."""
    installation.register(MANIFEST.encode())
    for n in range(10):
        send(installation, event(f"v{n}", n, VICTIM, ORGANIZATION if n % 2 else None))
    send(installation, snapshot("vs", 1, VICTIM))
    for n, other in enumerate(OTHERS):
        send(installation, event(f"o{n}", n % 5, other, "organization-of-others"))
        send(installation, snapshot(f"os{n}", n % 5, other))
    while installation.loader.cycle().records:
        pass
    installation.store.checkpoint()


def encodings(identity: str) -> dict[str, bytes]:
    """Every way in which an id could lie in a file."""
    plain = identity.encode()
    found = {
        "text": plain,
        "upper case": identity.upper().encode(),
        "UTF-16": identity.encode("utf-16-le"),
        "UTF-16 big-endian": identity.encode("utf-16-be"),
        "hex": plain.hex().encode(),
    }
    for shift in range(3):  # base64 of a longer text that has it somewhere
        encoded = base64.b64encode(b"x" * shift + plain)
        found[f"base64 +{shift}"] = encoded[4:-4]
    with contextlib.suppress(ValueError):
        number = uuid.UUID(identity)
        found |= {
            "digits": number.hex.encode(),
            "bytes": number.bytes,
            "bytes turned round": number.bytes[::-1],
            "bytes little-endian": number.bytes_le,
        }
    return found


def places(data: Path, identity: str) -> set[str]:
    """The files below a directory that hold an id in any encoding."""
    wanted = encodings(identity).values()
    return {
        str(path.relative_to(data))
        for path in data.rglob("*")
        if path.is_file() and any(text in path.read_bytes() for text in wanted)
    }

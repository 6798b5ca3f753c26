"""What an organization's administrators decided for every user of this machine.

`/etc/glasshouse/policy.d/*.conf`, a line a decision:

    # No product of ours reports from the build machines.
    * = off
    acme = off
    acme/updates = off

A policy can only refuse. A file or line that cannot be understood refuses everything.
"""

from __future__ import annotations

import os

from glasshouse_sdk.answers import EVERY
from glasshouse_sdk.finding import Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

ENDING = ".conf"


def read_policies(directory: str, slug: str) -> Iterator[Finding]:
    """What the policies say of one product."""
    try:
        names = sorted(name for name in os.listdir(directory) if name.endswith(ENDING))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        yield _unreadable(directory, str(error.strerror))
        return
    for name in names:
        path = os.path.join(directory, name)
        try:
            with open(path, encoding="utf-8") as file:
                lines = file.read().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            yield _unreadable(path, getattr(error, "strerror", None) or "not UTF-8")
            continue
        for number, line in enumerate(lines, 1):
            yield from _decision(line, slug, f"{path}:{number}")


def _decision(line: str, slug: str, where: str) -> Iterator[Finding]:
    plain = line.partition("#")[0].strip()
    if not plain:
        return
    target, _, value = (part.strip() for part in plain.partition("="))
    if value.lower() != "off" or not target:
        yield _unreadable(where, f"'{plain[:60]}'; expected 'PRODUCT = off'")
        return
    product, _, channel = target.partition("/")
    if product in ("*", slug):
        yield Finding(
            "policy", target, "off", covers=(channel or EVERY,), value=value, where=where,
            note="decided for every user of this machine",
        )  # fmt: skip


def _unreadable(where: str, what: str) -> Finding:
    note = f"cannot be understood ({what}), so it is off"
    return Finding("policy", "policy", "off", covers=(EVERY,), where=where, note=note)

"""A backup becomes a data directory: checked first, whole or not at all.

The list of erasures of the directory that is replaced, or one that is named, is joined to the
backup's own. When the directory is opened next, whatever was erased since the backup goes again.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from glasshouse.catalogue.files import LocalFiles
from glasshouse.durability import sync_path
from glasshouse.keeping import ledger
from glasshouse.keeping.backup import FORMAT, LIST, BackupError, checksum, copy_file, files_in


def verify(backup: Path) -> dict[str, Any]:
    """What backup.json says, after every file was compared with it. Raises `BackupError`."""
    try:
        about = json.loads((backup / LIST).read_bytes())
    except (OSError, ValueError):
        raise BackupError(
            f"found no readable {LIST} in {backup}, expected a directory made by glasshouse backup"
        ) from None
    if about.get("format") != FORMAT:
        raise BackupError(f"found a backup of format {about.get('format')}, expected {FORMAT}")
    listed = {entry["path"]: entry for entry in about["files"]}
    present = {str(path.relative_to(backup)) for path in files_in(backup)} - {LIST}
    if present != set(listed):
        odd = sorted(present ^ set(listed))
        raise BackupError(f"{backup}: found or missing {odd[0]}, expected the files of {LIST}")
    for path, entry in listed.items():
        if (backup / path).stat().st_size != entry["size"] or (
            checksum(backup / path) != entry["sha256"]
        ):
            raise BackupError(f"{backup / path}: found other bytes than were backed up")
    return dict(about)


def restore(
    backup: Path, data: Path, *, secrets: Path | None = None, erasures: Path | None = None
) -> dict[str, Any]:
    """Make the data directory out of a backup. What is there already is put beside it.

    `secrets` is the directory that holds server.key, else the one of the directory replaced.
    """
    about = verify(backup)
    fresh = data.with_name(f".{data.name}.restoring")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True, mode=0o700)
    for path in files_in(backup):
        if path != backup / LIST:
            copy_file(path, fresh / path.relative_to(backup))
    for name in ("journal", "store/keys"):
        (fresh / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    found = secrets or (data / "secrets" if (data / "secrets").is_dir() else None)
    if found is not None:
        for path in files_in(found):
            copy_file(path, fresh / "secrets" / path.relative_to(found))
    for other in (data / ledger.NAME, erasures):
        if other is not None and other.exists():
            ledger.join(LocalFiles(fresh), other)
    for path in [fresh, *(p for p in fresh.rglob("*") if p.is_dir())]:
        sync_path(path)
    if data.exists():
        data.rename(_beside(data))
    fresh.rename(data)
    sync_path(data.parent)
    return {"files": len(about["files"]), "made_at": about["made_at"]}


def _beside(data: Path) -> Path:
    """A name for the directory that makes room: DATA.before-restore, numbered if taken."""
    number = 1
    while (path := data.with_name(f"{data.name}.before-restore-{number}")).exists():
        number += 1
    return path

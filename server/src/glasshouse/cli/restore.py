"""`glasshouse restore`: a data directory out of a backup, without what was erased since."""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from glasshouse.cli.embedded import locked
from glasshouse.cli.errors import CommandError
from glasshouse.cli.installation import Installation
from glasshouse.keeping.backup import BackupError
from glasshouse.keeping.restoring import restore, verify
from glasshouse.settings import Settings, from_environment


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "restore",
        help="make a data directory out of a backup",
        description="Checks every file of a backup, makes a data directory of it, and erases again "
        "what was erased since. A directory that is there already is put beside it.",
        epilog="Example:  glasshouse restore /backups/2026-11-22 --data ./data "
        "--secrets /safe/glasshouse-secrets",
    )
    parser.add_argument(
        "backup", type=Path, metavar="DIRECTORY", help="what `glasshouse backup` wrote"
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="the data directory to make")
    parser.add_argument(
        "--secrets", type=Path, metavar="DIRECTORY", help="the server's secrets, kept apart"
    )
    parser.add_argument(
        "--erasures", type=Path, metavar="FILE", help="the erasures.jsonl of the lost server"
    )
    parser.add_argument("--verify", action="store_true", help="only check the backup's checksums")
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    try:
        if options.verify:
            about = verify(options.backup)
            done = {"files": len(about["files"]), "made_at": about["made_at"]}
        else:
            done = _restore(options)
    except BackupError as error:
        raise CommandError(str(error), status=2) from None
    except OSError as error:
        raise CommandError(f"restore: {error}") from None
    if options.json:
        print(json.dumps(done))
    else:
        word = "verified" if options.verify else "restored"
        print(f"{done['files']} files of {done['made_at']} {word}.")
    return 0


def _restore(options: argparse.Namespace) -> dict[str, object]:
    data = options.data or from_environment(Settings(data=Path("data"))).data
    erasures = options.erasures
    if erasures is not None and not erasures.is_file():
        raise CommandError(f"found no file {erasures}, expected an erasures.jsonl", status=2)
    with locked(data):  # a running server must be stopped first
        done = restore(options.backup, data, secrets=options.secrets, erasures=erasures)
    settings = replace(from_environment(Settings(data=data)), data=data)
    notes: list[str] = []
    Installation(settings, notes.append).close()  # erases again what is to be gone
    for note in notes:
        print(note, file=sys.stderr)
    return {**done, "erased_again": sum("done again" in note for note in notes)}

"""Two projects over real data of this machine, and every command of PipeRider in both.

The data are the files of the directory that this program lies in: what each is, and how long. Good
to see the commands at work, and what the demo reports of this machine.
"""

import argparse
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

HERE = Path(__file__).parent
COMMANDS = (
    ("generate-assertions",), ("run",), ("run",), ("generate-report",), ("compare",),
)  # fmt: skip
EXAMPLE = """
Example:
  python sample.py --endpoint http://127.0.0.1:8090 --key KEY --home /tmp/home
"""


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Exit code: 0, or the one of the command that failed."""
    options = _parser().parse_args(arguments)
    home = options.home.absolute()
    own = {**environment, "HOME": str(home)}
    piperider = [sys.executable, str(HERE / "piperider_cli"), "--endpoint", options.endpoint]
    if options.key:
        piperider += ["--key", options.key]
    for source in (make_duckdb(home), make_sqlite(home)):
        directory = ["--directory", str(source.parent)]
        for words in (("init", "--source", source.name), *COMMANDS):
            code = subprocess.run([*piperider, *directory, *words], env=own, check=False).returncode
            if code > 1:
                return code
    return _send(home, own)


def make_duckdb(home: Path) -> Path:
    path = _project(home, "files") / "files.duckdb"
    if not path.exists():
        with duckdb.connect(str(path)) as connection:
            connection.execute("create table files (name varchar, kind varchar, bytes bigint)")
            connection.executemany("insert into files values (?, ?, ?)", _files())
    return path


def make_sqlite(home: Path) -> Path:
    path = _project(home, "kinds") / "kinds.sqlite"
    if not path.exists():
        connection = sqlite3.connect(path)
        connection.execute("create table kinds (kind text, files integer)")
        kinds = sorted({kind for _, kind, _ in _files()})
        counted = [(kind, sum(each == kind for _, each, _ in _files())) for kind in kinds]
        connection.executemany("insert into kinds values (?, ?)", counted)
        connection.commit()
        connection.close()
    return path


def _project(home: Path, name: str) -> Path:
    directory = home / name
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _files() -> list[tuple[str, str, int]]:
    files = sorted(path for path in HERE.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return [(str(path.relative_to(HERE)), path.suffix, path.stat().st_size) for path in files]


def _send(home: Path, environment: Mapping[str, str]) -> int:
    """At once, where the program itself sends at most once a minute."""
    command = [
        sys.executable, "-m", "glasshouse_sdk", "--manifest", str(HERE / "manifest.toml"),
        "--state", str(home / ".piperider" / "telemetry"),
        "--project", str(home / "files"), "send",
    ]  # fmt: skip
    return subprocess.run(command, env=environment, check=False).returncode


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--endpoint", required=True, help="the collector")
    parser.add_argument("--key", help="the product's write key")
    parser.add_argument("--home", type=Path, required=True, help="where profile and projects are")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))  # noqa: TID251 (a program's entry reads its environment)

"""This machine, as an installation reports it, and a database on it whose first day is made short.

Good to see the programs at work, and what the demo reports of this machine.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from glasshouse_sdk.manifest import compiled_text, compose, parse_manifest

HERE = Path(__file__).parent
VERSION = "8.0.12-4"
PATIENCE = 20.0  # seconds in which a database has told what it tells on its first day
EXAMPLE = """
Example:
  python sample.py --endpoint http://127.0.0.1:8090 --home /tmp/percona
"""


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Exit code: 0, or the one of the program that failed."""
    options = _parser().parse_args(arguments)
    home = options.home.absolute()
    products, drop, dbpath = home / "products", home / "drop", home / "db"
    for directory in (products, drop / "psmdb", dbpath):
        directory.mkdir(parents=True, exist_ok=True)
    manifest = products / "psmdb.json"
    manifest.write_text(compiled_for(options.endpoint))
    install = (
        sys.executable, HERE / "psmdb_telemetry", "--package", "--version", VERSION,
        "--telemetry-uuid", home / "telemetry_uuid", "--endpoint", options.endpoint,
        "--manifest", manifest, "--installation", products,
    )  # fmt: skip
    database = (
        sys.executable, HERE / "mongod" / "mongod.py", "--dbpath", dbpath, "--manifest", manifest,
        "--installation", products, "--drop", drop / "psmdb",
        "--setParameter", "perconaTelemetryGracePeriod=0",
    )  # fmt: skip
    agent = (
        Path(sys.executable).with_name("glasshouse-agent"), "--once",
        "--products", products, "--drop", drop, "--state", home / "agent",
    )  # fmt: skip
    code = subprocess.run(install, env=environment, check=False).returncode
    if code == 0:
        run_until_told(database, dbpath, environment)
        silent = subprocess.DEVNULL
        code = subprocess.run(agent, env=environment, check=False, stdout=silent).returncode
    return code


def compiled_for(endpoint: str) -> str:
    """The manifest for another collector: the agent knows none but the manifest's."""
    composition = compose(HERE / "manifest.toml")
    composition.raw["product"]["endpoint"] = endpoint
    return compiled_text(parse_manifest(composition.text))


def run_until_told(
    words: Sequence[str | Path], dbpath: Path, environment: Mapping[str, str]
) -> None:
    """Where it is switched off, the database has nothing to tell, and has said so as well."""
    kept = dbpath / "psmdb_telemetry.json"
    started = time.time()
    database = subprocess.Popen(words, env=environment)
    while time.time() < started + PATIENCE and database.poll() is None:
        if kept.exists() and _next(kept.read_text()) > started + 1:
            break
        time.sleep(0.05)
    database.terminate()
    database.wait()


def _next(text: str) -> float:
    return float(text.partition('"next": ')[2].partition(",")[0])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--endpoint", required=True, help="the collector")
    parser.add_argument("--home", type=Path, required=True, help="where everything is kept")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))  # noqa: TID251 (a program's entry reads its environment)

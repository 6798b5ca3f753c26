"""Every route against the server's own OpenAPI: `python -m soak.routes --examples 1000`.

schemathesis makes requests, right ones and wrong ones, of each operation that `/openapi.json`
describes, to a real server. What must hold: no answer of 5xx, and every answer as described. Making
backups is left out: their place is a path of this machine, and made-up paths are best not written.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.server import Server, running

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "ignored_auth",
    "unsupported_method",
)
CONFIG = """
headers = {{ Authorization = {token} }}
parameters = {{ product = "bench", slug = "bench" }}

[[operations]]
include-path = "/v1/telemetry"
headers = {{ Authorization = {key} }}

[[operations]]
include-path = "/api/v1/keeping/backup"
enabled = false
"""


def run(server: Server, directory: Path, examples: int, seed: int) -> tuple[int, str]:
    """Schemathesis' status, 0 for nothing found, and what it says."""
    config = directory / "schemathesis.toml"
    config.write_text(
        CONFIG.format(
            token=json.dumps(f"Bearer {server.token}"), key=json.dumps(f"Bearer {server.key}")
        )
    )
    host, port = server.address
    program = Path(sys.executable).with_name("schemathesis")
    command = [str(program), "--config-file", str(config), "run"]
    command += [f"http://{host}:{port}/openapi.json", "--checks", ",".join(CHECKS)]
    command += ["--max-examples", str(examples), "--seed", str(seed), "--no-color", "--no-shrink"]
    command += ["--suppress-health-check", "all", "--phases", "examples,coverage,fuzzing"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=directory, check=False)
    return done.returncode, done.stdout + done.stderr


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=500, help="of each operation")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--collectors", default="1")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        directory = Path(home)
        with running(
            directory / "data", directory=directory, collectors=options.collectors
        ) as server:
            status, said = run(server, directory, options.examples, options.seed)
            print(said)
            account = server.get("/health/accounting")
    if status or account["difference"]:
        raise SystemExit(f"found something: see above; difference {account['difference']}")


if __name__ == "__main__":
    main()

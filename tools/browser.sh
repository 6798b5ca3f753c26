#!/usr/bin/env bash
# The tracker and the banner from their sources: types checked, sizes printed and bounded, and equal
# to the files in the Python package. Quick when nothing changed; needs Node.js.
#   tools/browser.sh            check and build
#   tools/browser.sh examples   and build the sample consoles that the tests drive
set -euo pipefail
cd "$(dirname "$0")/../sdk/browser"

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    ../../tools/apt npm "Node.js with npm, which builds and checks the tracker (sdk/browser),"
fi
major=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
if [ "$major" -lt 18 ]; then
    echo "browser: found Node.js $(node --version), expected 18 or later (https://nodejs.org)" >&2
    exit 1
fi
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    echo "browser: packages into sdk/browser/node_modules/" >&2
    npm ci --silent --ignore-scripts --no-audit --no-fund
    touch node_modules/.package-lock.json
fi
npm run --silent check
npm run --silent build
version=$(node -p 'require("./package.json").version')
released=../python/src/glasshouse_sdk/browser/files/$version
for file in tracker.js banner.js; do
    cmp --silent "dist/$file" "$released/$file" || {
        echo "browser: $file $version in the Python package is not what the sources make; raise the" \
            "version in sdk/browser/package.json and run  npm run release  there" >&2
        exit 1
    }
done
if [ "${1:-}" = examples ]; then npm run --silent examples; fi

// Builds the two files into dist/, prints their sizes, and fails where one outgrew its bound.
//   node build.mjs            into dist/
//   node build.mjs --release  and from there into the Python package, under this version
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { gzipSync } from "node:zlib"
import { build } from "esbuild"

const BOUNDS = { tracker: 2048, banner: 4096 } // bytes, minified and gzipped
const here = new URL(".", import.meta.url)
const { version } = JSON.parse(readFileSync(new URL("package.json", here)))
const released = new URL(`../python/src/glasshouse_sdk/browser/files/${version}/`, here)

for (const [name, most] of Object.entries(BOUNDS)) {
  await build({
    absWorkingDir: here.pathname,
    entryPoints: [`src/${name}.ts`],
    outfile: `dist/${name}.js`,
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2020",
    charset: "utf8",
    legalComments: "none",
  })
  const bytes = readFileSync(new URL(`dist/${name}.js`, here))
  const gzipped = gzipSync(bytes, { level: 9 }).length
  const integrity = "sha384-" + createHash("sha384").update(bytes).digest("base64")
  console.log(`${name}.js ${version}: ${bytes.length} bytes, ${gzipped} gzipped (at most ${most}), ${integrity}`)
  // Other builds of zlib need up to 6 bytes more.
  if (gzipped + 6 > most) {
    console.error(`${name}.js: found ${gzipped} bytes, expected at most ${most - 6}`)
    process.exitCode = 1
  }
  if (process.argv.includes("--release")) release(`${name}.js`, bytes)
}

// A version that was published never changes: pages name its hash.
function release(name, bytes) {
  const file = new URL(name, released)
  if (existsSync(file)) {
    if (readFileSync(file).equals(bytes)) return
    console.error(`${file.pathname} differs and is published; raise the version in package.json`)
    process.exit(1)
  }
  mkdirSync(released, { recursive: true })
  writeFileSync(file, bytes)
}

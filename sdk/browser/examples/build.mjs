// Builds the three single-page consoles into examples/dist/.
import { build } from "esbuild"

await build({
  absWorkingDir: new URL(".", import.meta.url).pathname,
  entryPoints: ["plain.js", "react.jsx", "vue.js"],
  outdir: "dist",
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2020",
  jsx: "automatic",
  define: {
    "process.env.NODE_ENV": '"production"',
    __VUE_OPTIONS_API__: "false",
    __VUE_PROD_DEVTOOLS__: "false",
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false",
  },
  logLevel: "warning",
})

// Builds web/static/built: hashed, purged, minified and pre-compressed assets, with manifest.json naming them.
//
// PurgeCSS keeps a class when its name stands as a word in a template (**/templates/**/*.html; folders given as arguments
// are read too) or in the surface's JavaScript. A name put together at run time ("tone-" ~ tone) or written in Python
// only is invisible to it: safelist it below, by pattern or by name, or for a single rule write
// /*! purgecss ignore */ above it in the SCSS.
// A selector that names no tag, class or id, such as a bare :focus-visible, is dropped: write *:focus-visible.
import { createHash } from "node:crypto"
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { brotliCompressSync, constants, gzipSync } from "node:zlib"
import { build as bundle, transform } from "esbuild"
import { PurgeCSS } from "purgecss"
import * as sass from "sass"

const here = dirname(fileURLToPath(import.meta.url))
const repository = join(here, "../..")
const output = join(here, "../static/built")
const browsers = ["chrome111", "edge111", "firefox113", "safari16.2"]
const safelist = {
  // What Markdown may write into an article or a message.
  standard:
    "h1 h2 h3 h4 h5 h6 em i b strong mark sup sub blockquote pre figure img cite abbr hr del steps callout callout-title video-link video".split(" "),
  greedy: [/^tone-/, /^hue-/, /^priority-/, /^btn-(primary|secondary|quiet|danger)$/, /^sla-/, /^home-/, /^only-/],
}
const budgets = { "portal.css": 12, "portal.js": 25, "desk.css": 24, "desk.js": 30 }
const notOurs = new Set(["node_modules", "static", "tests", "build", "var"])

function templates(folder, inside) {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name)
    if (!entry.isDirectory()) return inside && entry.name.endsWith(".html") ? [path] : []
    if (entry.name.startsWith(".") || notOurs.has(entry.name)) return []
    return templates(path, inside || entry.name === "templates")
  }).sort()
}

async function javascript(surface) {
  const result = await bundle({
    absWorkingDir: here, entryPoints: [`src/${surface}.js`], bundle: true, minify: true, format: "esm",
    target: browsers, write: false, legalComments: "none",
  })
  return Buffer.from(result.outputFiles[0].contents)
}

async function stylesheet(surface, pages, script) {
  const compiled = sass.compile(join(here, `src/${surface}.scss`), {
    loadPaths: [join(here, "node_modules")], quietDeps: true,
    silenceDeprecations: ["import", "global-builtin", "color-functions", "if-function"],
  })
  const content = pages.map(page => ({ raw: readFileSync(page, "utf8"), extension: "html" }))
  const [purged] = await new PurgeCSS().purge({
    css: [{ raw: compiled.css }], safelist, keyframes: true,
    content: [...content, { raw: script.toString(), extension: "js" }],
    defaultExtractor: text => text.match(/[\w-]+/g) ?? [],
  })
  refuseUndefinedProperties(surface, purged.css)
  return Buffer.from((await transform(purged.css, { loader: "css", minify: true, target: browsers })).code)
}

// A misspelt var(--…) fails silently in the browser; here it fails the build.
function refuseUndefinedProperties(surface, css) {
  const defined = new Set([...css.matchAll(/(--[\w-]+)\s*:/g)].map(match => match[1]))
  const missing = [...css.matchAll(/var\((--[\w-]+)\s*\)/g)].map(match => match[1]).filter(name => !defined.has(name))
  if (missing.length) throw new Error(`${surface}.scss uses ${[...new Set(missing)].join(", ")}, which nothing defines`)
}

// Icons named in templates, icon("…"), are found by themselves; src/icons.txt holds those that only Python or a variable
// names.
function sprite(pages) {
  const listed = readFileSync(join(here, "src/icons.txt"), "utf8").split(/\s+/).filter(Boolean)
  const named = /\bicon\(\s*["']([\w-]+)["']/g
  const used = pages.flatMap(page => [...readFileSync(page, "utf8").matchAll(named)].map(match => match[1]))
  const symbols = [...new Set([...listed, ...used])].sort().map(symbol)
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`)
}

function symbol(name) {
  const [style, file] = name.endsWith("-filled") ? ["filled", name.slice(0, -7)] : ["outline", name]
  const svg = readFileSync(join(here, `node_modules/@tabler/icons/icons/${style}/${file}.svg`), "utf8")
  const shapes = svg.replace(/^[\s\S]*?<svg[\s\S]*?>|<\/svg>\s*$/g, "").replace(/<path stroke="none"[^>]*\/>/, "")
  const paint = style === "filled" ? ' fill="currentColor" stroke="none"' : ""
  return `<symbol id="${name}" viewBox="0 0 24 24"${paint}>${shapes.replace(/\s*\n\s*/g, "")}</symbol>`
}

function publish(logical, content, manifest) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 10)
  const name = logical.replace(/(\.\w+)$/, `.${hash}$1`)
  manifest[logical] = name
  const gzipped = gzipSync(content, { level: 9 })
  const quality = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length }
  writeFileSync(join(output, name), content)
  writeFileSync(join(output, `${name}.gz`), gzipped)
  writeFileSync(join(output, `${name}.br`), brotliCompressSync(content, { params: quality }))
  report(logical, gzipped)
}

function report(logical, gzipped) {
  const kilobytes = gzipped.length / 1024
  console.log(`${logical.padEnd(12)} ${kilobytes.toFixed(1).padStart(5)} KB gz of ${budgets[logical] ?? "any"}`)
  if (kilobytes > budgets[logical]) throw new Error(`${logical} is over its budget of ${budgets[logical]} KB gz`)
}

async function main() {
  const all = [repository, ...process.argv.slice(2)].flatMap(folder => templates(folder, folder !== repository))
  const pages = { portal: all.filter(page => !relative(repository, page).startsWith("backoffice")), desk: all }
  const manifest = {}
  rmSync(output, { recursive: true, force: true })
  mkdirSync(output, { recursive: true })
  for (const surface of ["portal", "desk"]) {
    const script = await javascript(surface)
    publish(`${surface}.js`, script, manifest)
    publish(`${surface}.css`, await stylesheet(surface, pages[surface], script), manifest)
  }
  publish("icons.svg", sprite(all), manifest)
  publish("favicon.svg", readFileSync(join(here, "src/favicon.svg")), manifest)
  writeFileSync(join(output, "manifest.json"), JSON.stringify(manifest, Object.keys(manifest).sort(), 2) + "\n")
}

await main()

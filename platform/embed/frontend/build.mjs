/**
 * Builds the chat with esbuild: `node platform/embed/frontend/build.mjs [folder]`, or `make frontend`.
 *
 * Without a folder the result goes into static/embed/dist, which is committed: whoever installs Atrium needs no
 * Node.js. A test builds into another folder and compares. The packages are those of tests/node.
 */

import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const packages = join(here, "../../../tests/node/node_modules");
const { build } = createRequire(join(packages, "_"))("esbuild");

const source = join(here, "src");
const target = process.argv[2] ?? join(here, "../static/embed/dist");

/** Pages load these; a name is a path below `src`, and the file in the target has its last part. */
const MODULES = ["members.ts", "members.css", "console.ts", "frame/frame.ts", "frame/frame.css"];

/** These go into pages of others, where a module would come too late: one function, run at once. */
const SCRIPTS = ["launcher/launcher.ts"];

/** Names within the launcher alone, which the build may shorten: no page, browser, server or frame knows them. */
const OWN_NAMES =
  /^(sayWho|begun|told|received|loaded|emit|need|post|waiting|listeners|met|served|frame|element|root|box|problem|before|draw|fit|mark)$/;

const tags = readdirSync(join(source, "locales"))
  .filter((name) => name.endsWith(".ts"))
  .map((name) => basename(name, ".ts"))
  .sort();

/** A module of what all languages export by one name: `import words from "languages:launcher"`. */
const ALL_LANGUAGES = {
  name: "languages",
  setup(build) {
    build.onResolve({ filter: /^languages:/ }, ({ path }) => ({ path, namespace: "languages" }));
    build.onLoad({ filter: /.*/, namespace: "languages" }, ({ path }) => {
      const imports = tags.map((tag, n) => `import { ${path.split(":")[1]} as words${n} } from "./locales/${tag}";`);
      const named = tags.map((tag, n) => `"${tag}": words${n}`);
      return { contents: `${imports.join("\n")}\nexport default { ${named} };`, resolveDir: source, loader: "ts" };
    });
  },
};

const common = {
  bundle: true,
  minify: true,
  charset: "utf8",
  legalComments: "none",
  target: ["es2022", "chrome111", "edge111", "firefox115", "safari16.4"],
  nodePaths: [packages],
  tsconfig: join(here, "tsconfig.json"),
  plugins: [ALL_LANGUAGES],
  logLevel: "warning",
};

const there = (names) => names.map((name) => join(source, name)).filter(existsSync);
const named = (paths) => Object.fromEntries(paths.map((path) => [basename(path).replace(/\.ts$/, ""), path]));

const pages = there(MODULES);
for (const entryPoints of [pages.filter((path) => path.endsWith(".ts")), pages.filter((path) => path.endsWith(".css"))])
  await build({ ...common, entryPoints: Object.fromEntries(entryPoints.map(entry)), format: "esm", outdir: target });
for (const tag of tags)
  await build({ ...common, ...sourceOf(`export { messages } from "./locales/${tag}"`), outfile: join(target, "locales", `${tag}.js`) });
await writePageWords();
const scripts = there(SCRIPTS);
if (scripts.length) await build({ ...common, entryPoints: named(scripts), format: "iife", mangleProps: OWN_NAMES, outdir: target });

function sourceOf(contents) {
  return { stdin: { contents, resolveDir: source, loader: "ts" }, format: "esm" };
}

/** What the server writes into pages, by language: locales/page.json. */
async function writePageWords() {
  const modules = sourceOf('export { default as page } from "languages:page"; export { default as messages } from "languages:messages";');
  const [{ text }] = (await build({ ...common, ...modules, write: false })).outputFiles;
  const { page, messages } = await import(`data:text/javascript,${encodeURIComponent(text)}`);
  const words = (tag) => ({ ...page[tag], reload: messages[tag].reload, close: messages[tag]["frame.close"] });
  const all = Object.fromEntries(tags.map((tag) => [tag, words(tag)]));
  writeFileSync(join(target, "locales", "page.json"), `${JSON.stringify(all, null, 1)}\n`);
}

function entry(path) {
  return [basename(path).replace(/\.(ts|css)$/, ""), path];
}

if (!process.argv[2])
  for (const name of readdirSync(target).filter((each) => /\.(js|css)$/.test(each))) {
    const weight = gzipSync(readFileSync(join(target, name)), { level: 9 }).length;
    console.log(`${name.padEnd(14)} ${(weight / 1000).toFixed(1).padStart(5)} kB gzip`);
  }

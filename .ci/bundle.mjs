/**
 * Bundles the command line with its packages into dist/gateway/command-line.js and the folder beside it: a start then reads some 45 files
 * in place of 1,500. What is imported dynamically becomes a file of its own, which is read where it is needed.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** dist, or the folder that is named. */
const OUTPUT = join(process.argv[2] ?? join(ROOT, "dist"), "gateway");
const FOLDER = "command-line";
/** What else is to start in the same way: each becomes a file of that name in the folder. */
const FURTHER = process.argv.slice(3).map((path) => [`${FOLDER}/${basename(path, ".ts")}`, path]);

/** Native, or only for the demo or an upstream that few have. */
const EXTERNAL = ["better-auth", "libsql", "oidc-provider", "pg-native"];

/** Other characters would double what V8 keeps of a file. */
const toAscii = (code) => code.replaceAll(/[\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** The packages that are bundled, with their licences, which ask to be kept. */
function licences(paths) {
  const folders = new Set(paths.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []));
  return [...folders]
    .toSorted((a, b) => a.localeCompare(b))
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(resolve(ROOT, folder, "package.json"), "utf8"));
      const file = readdirSync(resolve(ROOT, folder)).find((entry) => /^licen[cs]e/i.test(entry));
      return `${name} ${version} (${license})\n\n${file ? readFileSync(resolve(ROOT, folder, file), "utf8").trim() : ""}`;
    });
}

const DEMO = "demo/demo";
const bundle = await rolldown({
  input: { [FOLDER]: join(ROOT, "gateway/command-line.ts"), [DEMO]: join(ROOT, `gateway/${DEMO}.ts`), ...Object.fromEntries(FURTHER) },
  platform: "node",
  external: (id) => EXTERNAL.some((name) => id === name || id.startsWith(`${name}/`)),
  // Of packages: `eval`, circles, annotations.
  onLog: (level, log, report) => void (level === "error" && report(level, log)),
});
const { output } = await bundle.generate({
  format: "esm",
  entryFileNames: "[name].js",
  chunkFileNames: `${FOLDER}/[name]-[hash].js`,
  comments: { legal: false, annotation: false, jsdoc: false },
  minify: { compress: true, mangle: false, codegen: false },
});
await bundle.close();

rmSync(join(OUTPUT, FOLDER), { recursive: true, force: true });
// In a checkout `npx xkit-gateway` runs this file as it is: npm makes it executable once, and not after it was removed and built again.
chmodSync(join(OUTPUT, "cli.js"), 0o755);
for (const { fileName, code } of output) {
  const path = join(OUTPUT, fileName);
  if (!existsSync(dirname(path))) mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, toAscii(code));
}
/** The sources of each file, and what of them is left, in characters. */
const modulesOf = ({ modules = {} }) =>
  Object.entries(modules).map(([id, { renderedLength }]) => [id.replace(/^\0/, "").replace(ROOT, ""), renderedLength]);
const modules = Object.fromEntries(output.map((chunk) => [chunk.fileName, Object.fromEntries(modulesOf(chunk))]));
writeFileSync(join(OUTPUT, FOLDER, "modules.json"), JSON.stringify(modules, null, 1));
const sources = Object.values(modules).flatMap((of) => Object.keys(of));
writeFileSync(join(OUTPUT, FOLDER, "licences.txt"), licences(sources).join(`\n\n${"-".repeat(80)}\n\n`));

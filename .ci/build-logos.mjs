/**
 * Takes the logos of the known providers from @iconify-json/logos (SVG Logos by Gil Barbara, CC0) into gateway/providers/logos, where
 * names.json says which logo is whose. `npm run build:logos`, after a change of names.json or of the package.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const FOLDER = new URL("../gateway/providers/logos/", import.meta.url);
const DEFAULT_SIZE = 16;

const set = createRequire(import.meta.url)("@iconify-json/logos/icons.json");
const names = JSON.parse(readFileSync(new URL("names.json", FOLDER), "utf8"));

const toSvg = ({ body, left = 0, top = 0, width = set.width ?? DEFAULT_SIZE, height = set.height ?? DEFAULT_SIZE }) =>
  `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="${left} ${top} ${width} ${height}">${body}</svg>\n`;

for (const file of readdirSync(FOLDER)) if (file.endsWith(".svg")) rmSync(new URL(file, FOLDER));
for (const [slug, name] of Object.entries(names)) {
  const icon = set.icons[name];
  if (!icon) throw new Error(`@iconify-json/logos has no ${name}, which names.json wants for ${slug}.`);
  writeFileSync(new URL(`${slug}.svg`, FOLDER), toSvg(icon));
}
console.log(`${Object.keys(names).length} logos.`);

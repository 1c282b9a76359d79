/** Puts what is not compiled into the package: the catalog's styles, built before by `npm run build:catalog`, and their (empty) types. */
import { copyFileSync, writeFileSync } from "node:fs";

const from = (path) => new URL(`../../${path}`, import.meta.url);
const to = (name) => new URL(`../dist/${name}`, import.meta.url);

copyFileSync(from("dist/catalog/catalog.css"), to("catalog.css"));
writeFileSync(to("catalog.css.d.ts"), "export {};\n");

/** Puts what is not compiled into the package: the contract, and the catalog's styles, built before by `npm run build:catalog`. */
import { copyFileSync, writeFileSync } from "node:fs";

const copy = (path, name = path.split("/").at(-1)) =>
  copyFileSync(new URL(`../../${path}`, import.meta.url), new URL(`../dist/${name}`, import.meta.url));

for (const name of ["schema.graphql", "schema.graphql.d.ts", "possibleTypes.json"]) copy(`schema/${name}`);
copy("dist/catalog/catalog.css");
// For compilers that look for the types of every import (`noUncheckedSideEffectImports`).
writeFileSync(new URL("../dist/catalog.css.d.ts", import.meta.url), "export {};\n");

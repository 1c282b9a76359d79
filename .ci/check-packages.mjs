/** Packs both packages and has publint and attw (arethetypeswrong) judge the tarballs, as `npm publish` would send them. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "xkit-packed-"));
const run = (command, ...words) => execFileSync(command, words, { stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });

/** What is no module for Node: attw looks for code there. */
const NO_CODE = ["catalog.css", "schema.graphql", "possibleTypes.json", "xkit.config.schema.json"];

try {
  const packed = JSON.parse(
    run("npm", "pack", "--json", "--silent", "--workspace", "client", "--include-workspace-root", "--pack-destination", folder),
  );
  for (const { name, filename } of packed) {
    const tarball = join(folder, filename);
    console.log(run("node_modules/.bin/publint", "run", tarball, "--strict"));
    console.log(run("node_modules/.bin/attw", tarball, "--profile", "esm-only", "--no-emoji", "--exclude-entrypoints", ...NO_CODE));
    console.log(`${name} is packed as publint and attw want it.`);
  }
} catch (error) {
  console.error(error.stdout ?? error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}

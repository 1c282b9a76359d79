/**
 * Writes npm-shrinkwrap.json for the published server, before it is packed: the versions that its tests ran with, of what it needs to run.
 * npm then installs these for everyone, in place of the newest that ranges allow. It names no registry.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const {
  devDependencies: _dev,
  workspaces: _workspaces,
  scripts: _scripts,
  ...published
} = JSON.parse(readFileSync("package.json", "utf8"));
const folder = mkdtempSync(join(tmpdir(), "xkit-shrinkwrap-"));
writeFileSync(join(folder, "package.json"), JSON.stringify(published));
copyFileSync("package-lock.json", join(folder, "package-lock.json"));
// The lockfile says all that there is to know, so that nothing is asked for.
const words = ["install", "--package-lock-only", "--offline", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"];
execFileSync("npm", words, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
const { packages, ...lock } = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8"));
rmSync(folder, { recursive: true });
const withoutRegistry = Object.entries(packages).map(([path, { resolved: _resolved, ...entry }]) => [path, entry]);
writeFileSync("npm-shrinkwrap.json", `${JSON.stringify({ ...lock, packages: Object.fromEntries(withoutRegistry) }, null, 2)}\n`);

/** Builds when a source is newer than the last build, so that `npm start` is never stale and seldom slow. */
import { execSync } from "node:child_process";
import { readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const STAMP = "dist/.built";
const SOURCES = [
  "schema",
  "gateway",
  "client",
  ".ci/bundle.mjs",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "tsconfig.build.json",
];

const changedAt = (path) => {
  const entry = statSync(path);
  if (!entry.isDirectory()) return entry.mtimeMs;
  const names = readdirSync(path).filter((name) => name !== "dist" && name !== "node_modules");
  return Math.max(entry.mtimeMs, ...names.map((name) => changedAt(join(path, name))));
};
const builtAt = statSync(STAMP, { throwIfNoEntry: false })?.mtimeMs ?? 0;

const startedAt = new Date();
if (Math.max(...SOURCES.map(changedAt)) > builtAt) {
  console.log("Building …");
  execSync("npm run --silent build", { stdio: ["ignore", "inherit", "inherit"] });
  writeFileSync(STAMP, "");
  utimesSync(STAMP, startedAt, startedAt);
}

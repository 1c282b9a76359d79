/**
 * Takes the pictures of every state of the pages, here and at another commit, and writes them side by side into
 * `coverage/screenshot-report/index.html`: a report for people, not a gate. A state whose test fails has no picture.
 *
 *     npm run screenshots:report [-- <commit> [test file…]]        Default: the commit before this one, and every test that looks at a page.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const REPORT = join(ROOT, "coverage/screenshot-report");
/** Pictures of the tests that look at pages. */
const PICTURES = "coverage/screenshots";

const git = (...args: string[]): string => execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim();

const [base = "HEAD~1", ...chosen] = process.argv.slice(2);

/** The tests that look at a page. */
function testsIn(tree: string): string[] {
  if (chosen.length > 0) return chosen;
  const files = execFileSync("git", ["grep", "-lE", "^import .*\\blook\\b.*catalog-pages", "--", "*.test.ts"], {
    cwd: tree,
    encoding: "utf8",
  });
  return files.trim().split("\n");
}

/** Runs the tests of a tree that take pictures, and keeps these. */
function takePictures(tree: string, target: string): void {
  rmSync(join(tree, PICTURES), { recursive: true, force: true });
  const { status } = spawnSync("npx", ["vitest", "run", "--config", "vitest.long.config.ts", ...testsIn(tree)], {
    cwd: tree,
    stdio: "inherit",
  });
  if (status !== 0) console.log("Some tests have failed: the states after that are missing.");
  rmSync(target, { recursive: true, force: true });
  if (existsSync(join(tree, PICTURES))) cpSync(join(tree, PICTURES), target, { recursive: true });
  else mkdirSync(target, { recursive: true });
}

/** The tree of another commit, with its packages: this tree's where both lock the same. */
function withTreeOf(commit: string, use: (tree: string) => void): void {
  const tree = join(mkdtempSync(join(tmpdir(), "xkit-base-")), "tree");
  git("worktree", "add", "--quiet", "--detach", tree, commit);
  try {
    const isSame = git("diff", "--name-only", commit, "--", "package-lock.json") === "";
    if (isSame) symlinkSync(join(ROOT, "node_modules"), join(tree, "node_modules"));
    else execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--prefer-offline"], { cwd: tree, stdio: "inherit" });
    use(tree);
  } finally {
    git("worktree", "remove", "--force", tree);
  }
}

type Change = "changed" | "added" | "removed" | "same";

function changeOf(name: string): Change {
  const [before, after] = ["before", "after"].map((side) => join(REPORT, side, name));
  if (before === undefined || !existsSync(before)) return "added";
  if (after === undefined || !existsSync(after)) return "removed";
  return readFileSync(before).equals(readFileSync(after)) ? "same" : "changed";
}

const order: readonly Change[] = ["changed", "added", "removed", "same"];

function pageOf(commit: string): string {
  const names = new Set(["before", "after"].flatMap((side) => readdirSync(join(REPORT, side)).filter((name) => name.endsWith(".png"))));
  const states = [...names].toSorted((one, other) => one.localeCompare(other)).map((name) => ({ name, change: changeOf(name) }));
  const picture = (side: string, name: string, isThere: boolean) =>
    isThere ? `<a href="${side}/${name}"><img src="${side}/${name}" alt="${side}" loading="lazy" /></a>` : "<span>none</span>";
  const rows = order.flatMap((change) =>
    states
      .filter((state) => state.change === change)
      .map(
        ({ name }) => `<section class="${change}"><h2>${name.replace(/\.png$/, "")} <small>${change}</small></h2>
<div>${picture("before", name, change !== "added")}${picture("after", name, change !== "removed")}</div></section>`,
      ),
  );
  const counts = order.map((change) => `${states.filter((state) => state.change === change).length} ${change}`).join(", ");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8" />
<title>Screenshots</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; background: #f4f4f6; color: #18181b; }
  section > div { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; align-items: start; }
  img { max-width: 100%; border: 1px solid #ccc; background: #fff; }
  h2 { font-size: 1rem; margin: 2rem 0 0.5rem; } small { font-weight: 400; color: #666; }
  body:has(#changes:checked) .same { display: none; }
</style>
<h1>Screenshots</h1>
<p>Left: ${commit}. Right: ${git("describe", "--always", "--dirty")}. ${counts}.</p>
<p><label><input type="checkbox" id="changes" checked /> Only what differs</label></p>
${rows.join("\n")}
</html>
`;
}

const commit = git("rev-parse", "--short", base);
mkdirSync(REPORT, { recursive: true });
withTreeOf(commit, (tree) => takePictures(tree, join(REPORT, "before")));
takePictures(ROOT, join(REPORT, "after"));
writeFileSync(join(REPORT, "index.html"), pageOf(commit));
console.log(`Written: ${join(REPORT, "index.html")}`);

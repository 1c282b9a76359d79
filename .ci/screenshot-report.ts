/**
 * Shows the pictures of every state of the pages, here and at another commit, side by side in `coverage/screenshot-report/index.html`: a
 * report for people, not a gate. A state whose test fails has no picture.
 *
 *     npm run screenshots:report [-- [--taken] [<commit> [test file…]]]
 *
 * Default: the commit before this one, and every test that looks at a page. `--taken`: the tests have run here with TEST_SCREENSHOTS=yes.
 * Pictures of whole commits are kept in the user's cache folder, so that a commit is pictured once. A commit with other packages is not
 * pictured: installing them takes longer than the report is worth.
 */
import { execFileSync, spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";

/** How long the tests of the other commit may run, in milliseconds: CI takes at most this much longer. */
const BASE_LIMIT_MS = 240_000;
/** How long tests that are ended have to close their browsers, in milliseconds. */
const END_WAIT_MS = 5_000;
/** How many commits' pictures are kept, the newest. */
const KEPT_COMMITS = 10;

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const REPORT = join(ROOT, "coverage/screenshot-report");
/** Pictures of the tests that look at pages. */
const PICTURES = "coverage/screenshots";
const CACHE = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "xkit-gateway/screenshots");

const git = (...args: string[]): string =>
  execFileSync("git", args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();

const { values, positionals } = parseArgs({ options: { taken: { type: "boolean", default: false } }, allowPositionals: true });
const [base = "HEAD~1", ...chosen] = positionals;

/** The tests that look at a page. */
function testsIn(tree: string): string[] {
  if (chosen.length > 0) return chosen;
  const files = execFileSync("git", ["grep", "-lE", "^import .*\\blook\\b.*catalog-pages", "--", "*.test.ts"], {
    cwd: tree,
    encoding: "utf8",
  });
  return files.trim().split("\n");
}

/** Runs the tests of a tree that take pictures. Answers whether all of them have. */
function runTests(tree: string, limitMs: number): Promise<boolean> {
  rmSync(join(tree, PICTURES), { recursive: true, force: true });
  const env = { ...process.env, TEST_SCREENSHOTS: "yes" };
  const tests = spawn("npx", ["vitest", "run", ...testsIn(tree)], { cwd: tree, env, stdio: "inherit", detached: true });
  const end = (signal: NodeJS.Signals) => tests.pid !== undefined && process.kill(-tests.pid, signal);
  const timers = limitMs < Infinity ? [setTimeout(end, limitMs, "SIGTERM"), setTimeout(end, limitMs + END_WAIT_MS, "SIGKILL")] : [];
  // The tests have a process group of their own: what ends this one is passed on.
  const stop = () => {
    end("SIGTERM");
    process.exitCode = 130;
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  return new Promise((resolve) => {
    tests.on("exit", (status) => {
      timers.forEach(clearTimeout);
      process.off("SIGINT", stop).off("SIGTERM", stop);
      resolve(status === 0);
    });
  });
}

/** What one side of the report shows, and whether every state is there. */
interface Side {
  name: string;
  isWhole: boolean;
}

function show(side: "before" | "after", pictures: string): void {
  const target = join(REPORT, side);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  if (existsSync(pictures)) cpSync(pictures, target, { recursive: true });
}

/** Keeps a commit's pictures, and drops those that are older than the newest few. */
function keep(commit: string, pictures: string): void {
  if (chosen.length > 0) return;
  rmSync(join(CACHE, commit), { recursive: true, force: true });
  cpSync(pictures, join(CACHE, commit), { recursive: true });
  const newestFirst = readdirSync(CACHE).toSorted(
    (one, other) => statSync(join(CACHE, other)).mtimeMs - statSync(join(CACHE, one)).mtimeMs,
  );
  for (const old of newestFirst.slice(KEPT_COMMITS)) rmSync(join(CACHE, old), { recursive: true, force: true });
}

async function showHere(): Promise<Side> {
  const pictures = join(ROOT, PICTURES);
  const isWhole = values.taken || (await runTests(ROOT, Infinity));
  show("after", pictures);
  if (isWhole && git("status", "--porcelain") === "") keep(git("rev-parse", "HEAD"), pictures);
  return { name: git("describe", "--always", "--dirty"), isWhole };
}

/** Null where there is nothing to compare with. */
async function showBase(): Promise<Side | null> {
  show("before", "");
  let commit: string;
  try {
    commit = git("rev-parse", "--verify", `${base}^{commit}`);
  } catch {
    return tell(`there is no commit ${base} in this clone`);
  }
  const name = git("rev-parse", "--short", commit);
  if (chosen.length === 0 && existsSync(join(CACHE, commit))) {
    show("before", join(CACHE, commit));
    return { name, isWhole: true };
  }
  if (git("diff", "--name-only", commit, "--", "package-lock.json") !== "") return tell(`${name} has other packages`);
  const folder = mkdtempSync(join(tmpdir(), "xkit-base-"));
  const tree = join(folder, "tree");
  git("worktree", "add", "--quiet", "--detach", tree, commit);
  try {
    symlinkSync(join(ROOT, "node_modules"), join(tree, "node_modules"));
    const isWhole = await runTests(tree, BASE_LIMIT_MS);
    show("before", join(tree, PICTURES));
    if (isWhole && existsSync(join(tree, PICTURES))) keep(commit, join(tree, PICTURES));
    return { name, isWhole };
  } finally {
    git("worktree", "remove", "--force", tree);
    rmSync(folder, { recursive: true, force: true });
  }
}

function tell(reason: string): null {
  console.log(`The screenshots are compared with none: ${reason}.`);
  return null;
}

const changes = ["changed", "added", "removed", "not compared", "same"] as const;
type Change = (typeof changes)[number];

function changeOf(name: string, before: Side | null, after: Side): Change {
  const [old, current] = ["before", "after"].map((side) => join(REPORT, side, name));
  if (old === undefined || !existsSync(old)) return before?.isWhole ? "added" : "not compared";
  if (current === undefined || !existsSync(current)) return after.isWhole ? "removed" : "not compared";
  return readFileSync(old).equals(readFileSync(current)) ? "same" : "changed";
}

const picture = (side: string, name: string) =>
  existsSync(join(REPORT, side, name))
    ? `<a href="${side}/${name}"><img src="${side}/${name}" alt="${side}" loading="lazy" /></a>`
    : "<span>none</span>";

function pageOf(states: readonly { name: string; change: Change }[], summary: string): string {
  const sections = states.map(
    ({ name, change }) => `<section class="${change}"><h2>${name.replace(/\.png$/, "")} <small>${change}</small></h2>
<div>${picture("before", name)}${picture("after", name)}</div></section>`,
  );
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
<p>${summary}</p>
<p><label><input type="checkbox" id="changes" checked /> Only what differs</label></p>
${sections.join("\n")}
</html>
`;
}

const after = await showHere();
const before = await showBase();
const names = [...new Set(["before", "after"].flatMap((side) => readdirSync(join(REPORT, side))))].filter((name) => name.endsWith(".png"));
const states = names
  .map((name) => ({ name, change: changeOf(name, before, after) }))
  .toSorted((one, other) => changes.indexOf(one.change) - changes.indexOf(other.change) || one.name.localeCompare(other.name));
const counts = changes.map((change) => `${states.filter((state) => state.change === change).length} ${change}`).join(", ");
const summary = `Left: ${before?.name ?? "none"}. Right: ${after.name}. ${counts}.`;
writeFileSync(join(REPORT, "index.html"), pageOf(states, summary));
console.log(`Screenshots: ${summary} See ${join(REPORT, "index.html")}`);

/**
 * Fails when documentation or a comment cites what does not exist: a file, an anchor, a rule of docs/architecture.md, or a section of
 * docs/rest-contract.md.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" })
  .split("\n")
  .filter((path) => existsSync(path) && !/generated\/|package-lock\.json/.test(path));
const read = (path: string): string => readFileSync(path, "utf8");

/** An anchor as GitHub makes it of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-");
const headingsOf = (text: string): string[] => [...text.matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading = ""]) => heading.trim());
const headings = new Map(files.filter((path) => path.endsWith(".md")).map((path): [string, string[]] => [path, headingsOf(read(path))]));

const architecture = read("docs/architecture.md");
const rules = new Set([...architecture.matchAll(/^\*\*Rule (\d+)\.\*\*/gm)].map(([, number = ""]) => number));
const sectionsOf = (path: string): Set<string> => new Set(headings.get(path));

/** Links of a Markdown file that lead to no file, or to no heading of it. */
function brokenLinks(path: string): string[] {
  const text = read(path).replaceAll(/```[\s\S]*?```/g, "");
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = ""]) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [file = "", anchor] = link.split("#");
    const target = file === "" ? path : normalize(join(dirname(path), file));
    // Generated when the site is built, which then fails for a dead link.
    if (target.startsWith("docs/reference/")) return [];
    if (!existsSync(target)) return [`${path} links to ${link}: there is no such file`];
    const isKnown = anchor === undefined || (headings.get(target) ?? []).map(anchorOf).includes(anchor);
    return isKnown ? [] : [`${path} links to ${link}: there is no such heading`];
  });
}

/** Paths of this project in backticks that do not exist. A path may end with a folder or a wildcard. */
const brokenPaths = (path: string): string[] =>
  [...read(path).matchAll(/`((?:gateway|schema|client|test|bench|docs|deploy|examples)\/[\w./-]+)`/g)].flatMap(([, name = ""]) =>
    existsSync(name) ? [] : [`${path} names ${name}: there is no such file`],
  );

/** Citations of rules and sections in a comment that name none. */
function brokenCitations(path: string): string[] {
  const comments = read(path).match(/\/\*\*?[\s\S]*?\*\/|\/\/.*$/gm) ?? [];
  return comments.flatMap((comment) => [
    ...[...comment.matchAll(/\brules? (\d+)(?: and (\d+))?\b/gi)].flatMap(([, ...numbers]) =>
      numbers.filter((number) => number !== undefined && !rules.has(number)).map((number) => `${path} cites rule ${number}: there is none`),
    ),
    ...[...comment.matchAll(/\bcontract, "([^"]+)"/gi)].flatMap(([, section = ""]) =>
      sectionsOf("docs/rest-contract.md").has(section) ? [] : [`${path} cites the contract's "${section}": there is no such section`],
    ),
    ...[...comment.matchAll(/docs\/architecture\.md, "([^"]+)"/g)].flatMap(([, section = ""]) =>
      sectionsOf("docs/architecture.md").has(section) ? [] : [`${path} cites the architecture's "${section}": there is no such section`],
    ),
    ...[...comment.matchAll(/\((?:contract )?(?:sections? [a-m]|decision \d+)\b/g)].map(
      ([citation]) => `${path} cites "${citation}", which is nowhere`,
    ),
  ]);
}

const problems = files.flatMap((path) => {
  if (path.endsWith(".md")) return [...brokenLinks(path), ...brokenPaths(path)];
  return /\.(tsx?|mjs)$/.test(path) ? [...brokenCitations(path), ...brokenPaths(path)] : [];
});

if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exitCode = 1;
} else console.log(`What ${files.length} files cite exists.`);

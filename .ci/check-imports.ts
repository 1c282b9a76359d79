/**
 * Fails on an import against the order of the rooms, and on a circle of files, types included.
 *
 * A room imports itself and the rooms below it. Rooms of one row do not know each other. Tests may import any room; no room imports tests.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** From the top down. A file at the root of `gateway/` is a room by itself. */
const order: readonly (readonly string[])[] = [
  ["gateway/cli", "gateway/demo", "gateway/upstream-suite"],
  ["gateway/command-line"],
  ["gateway/commands", "gateway/main", "gateway/index"],
  ["gateway/workers"],
  ["gateway/greeting"],
  ["gateway/listen", "gateway/reload", "gateway/signals"],
  ["gateway/replaceable-app"],
  ["gateway/app"],
  ["gateway/edge"],
  ["gateway/admin"],
  ["gateway/graphql", "gateway/connect", "gateway/rest", "gateway/catalog"],
  ["gateway/context"],
  ["gateway/services"],
  ["gateway/upstream"],
  ["gateway/auth"],
  ["gateway/transfer"],
  ["gateway/config", "gateway/vault"],
  ["gateway/custody"],
  ["gateway/providers", "gateway/store"],
  ["gateway/oauth"],
  ["gateway/http"],
  ["gateway/runtime"],
  ["schema"],
  ["client/languages", "client/design", "client/markdown"],
];
/** The consumer's side knows neither the server nor the contract's sources. It shares its languages, its design and the tree of Markdown with them. */
const independent = ["client"];
const shared = ["client/languages", "client/design", "client/markdown"];

const roomOf = (path: string): string => {
  const [root = "", part = ""] = path.split("/");
  if (shared.includes(`${root}/${part}`)) return `${root}/${part}`;
  return root === "gateway" ? `gateway/${part.replace(/\.ts$/, "")}` : root;
};
const rowOf = (room: string): number => order.findIndex((row) => row.includes(room));
const isTest = (path: string): boolean => /\.test\.tsx?$/.test(path) || path.startsWith("test/");

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "schema", "gateway", "client", "test"], {
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => /\.tsx?$/.test(path));

const importsOf = (from: string): string[] => {
  const matches = readFileSync(from, "utf8").matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g);
  return [...matches].map(([, path]) => normalize(join(dirname(from), path ?? "")));
};
const graph = new Map(files.map((file): [string, string[]] => [file, importsOf(file)]));

function objectionTo(from: string, to: string): string | null {
  if (isTest(from)) return null;
  if (isTest(to)) return "only tests import that";
  const [fromRoom, toRoom] = [roomOf(from), roomOf(to)];
  if (fromRoom === toRoom || (fromRoom === "client" && shared.includes(toRoom))) return null;
  if (independent.includes(fromRoom) || independent.includes(toRoom)) return `${fromRoom} and ${toRoom} do not know each other`;
  const [fromRow, toRow] = [rowOf(fromRoom), rowOf(toRoom)];
  if (fromRow < 0 || toRow < 0) return `${fromRow < 0 ? fromRoom : toRoom} has no place in the order`;
  if (fromRow === toRow) return `${fromRoom} and ${toRoom} do not know each other`;
  return toRow < fromRow ? `${toRoom} is above ${fromRoom}` : null;
}

/** The first circle of files that the search meets, or null. */
function findCircle(): string[] | null {
  const done = new Set<string>();
  const visit = (file: string, path: string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    done.add(file);
    for (const next of graph.get(file) ?? []) {
      const circle = visit(next, [...path, file]);
      if (circle) return circle;
    }
    return null;
  };
  for (const file of files) {
    const circle = visit(file, []);
    if (circle) return circle;
  }
  return null;
}

const problems = files.flatMap((from) =>
  (graph.get(from) ?? []).flatMap((to) => {
    const why = objectionTo(from, to);
    return why ? [`${from} imports ${to}: ${why}`] : [];
  }),
);
const circle = findCircle();
if (circle) problems.push(`A circle of imports: ${circle.join(" > ")}`);

if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exitCode = 1;
} else console.log(`${files.length} files import in the right order, and in no circle.`);

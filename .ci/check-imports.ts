/**
 * Fails on an import against the directions of the house.
 *
 * `schema/` imports nothing of ours, `gateway/` never `client/`, and `client/` neither. Inside `gateway/` imports run one way:
 * main > app > { context > auth | connect | rest | catalog } > upstream > vault > providers > oauth. Tests may import anything.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** A file of a layer imports its own layer and lower ones. What names no layer is a leaf that anybody may import. */
const layers: readonly (readonly RegExp[])[] = [
  [/^gateway\/oauth\//],
  [/^gateway\/providers\//],
  [/^gateway\/vault\//],
  [/^gateway\/upstream\//],
  [/^gateway\/auth\//],
  [/^gateway\/(context|graphql)\.ts$/, /^gateway\/(connect|rest|catalog)\//],
  [/^gateway\/(config|config-file|failure|store)\.ts$/],
  [/^gateway\/app\.ts$/],
  [/^gateway\/(main|cli|listen|index)\.ts$/, /^gateway\/demo\//],
];
const allowedRoots: Record<string, readonly string[]> = { schema: ["schema"], gateway: ["schema", "gateway"], client: ["client"] };
/** Parts of one layer that must not know each other. */
const strangers = ["connect", "rest", "catalog", "context"];

const layerOf = (path: string): number => layers.findIndex((patterns) => patterns.some((pattern) => pattern.test(path)));
const isTest = (path: string): boolean => /\.(test|suite|fixture)\.tsx?$/.test(path) || /^(gateway|client)\/testing\//.test(path);

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "schema", "gateway", "client"], {
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => /\.tsx?$/.test(path) && !isTest(path));

const problems = files.flatMap((from) =>
  importsOf(from).flatMap((to) => {
    const why = objectionTo(from, to);
    return why ? [`${from} imports ${to}: ${why}`] : [];
  }),
);

function importsOf(from: string): string[] {
  const text = readFileSync(from, "utf8");
  const matches = text.matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g);
  return [...matches].map(([, path]) => normalize(join(dirname(from), path ?? "")));
}

function objectionTo(from: string, to: string): string | null {
  const [fromRoot = "", toRoot = ""] = [from.split("/")[0], to.split("/")[0]];
  if (!allowedRoots[fromRoot]?.includes(toRoot)) return `${fromRoot}/ may not import ${toRoot}/`;
  if (isTest(to)) return "only tests import that";
  const [fromLayer, toLayer] = [layerOf(from), layerOf(to)];
  if (fromLayer >= 0 && toLayer > fromLayer) return "imports run one way";
  const [fromPart, toPart] = [partOf(from), partOf(to)];
  return fromPart !== toPart && strangers.includes(fromPart) && strangers.includes(toPart) ? "these two do not know each other" : null;
}

function partOf(path: string): string {
  const [root, part = ""] = path.split("/");
  return root === "gateway" ? part.replace(/\.ts$/, "") : "";
}

if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exitCode = 1;
} else console.log(`${files.length} files import in the right directions.`);

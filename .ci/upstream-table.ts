/**
 * Writes the table of docs/upstreams.md: which of the port's behaviours hold before which adapter, and why others do not. It is read from
 * the titles of the suite's tests, which repeat what an adapter lacks, so that none of them has to run.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import prettier from "prettier";
import { z } from "zod";

const PAGE = "docs/upstreams.md";
const [BEGIN, END] = ["<!-- npm run docs:upstreams writes what follows -->", "<!-- to here -->"];

/** A column for each adapter, by the names of the suites over it. */
const columns: readonly (readonly [name: string, suites: RegExp])[] = [
  ["vault", /^the vault on /],
  ["a second gateway", /^the xkit adapter before a second gateway$/],
  ["xkit, whole contract", /^the xkit adapter before a service of the contract$/],
  ["xkit, own users", /^the xkit adapter with users of its own before a service of the contract$/],
  ["plain xkit", /^the xkit adapter before a plain service/],
  ["plain xkit, own users", /^the xkit adapter with users of its own before a plain service/],
  ["nango", /^the nango adapter/],
  ["better-auth", /^better-auth on /],
  ["own table", /^a table of tokens/],
];

interface Column {
  name: string;
  behaviours: number;
  held: number;
  /** The capabilities that a behaviour which holds needs. */
  shows: ReadonlySet<string>;
  /** Why a capability is not there. */
  lacks: ReadonlyMap<string, string>;
}

const reportSchema = z.object({
  testResults: z.array(z.object({ assertionResults: z.array(z.object({ ancestorTitles: z.array(z.string()), title: z.string() })) })),
});
type Test = z.output<typeof reportSchema>["testResults"][number]["assertionResults"][number];

/** Every test of the suite, over every adapter. A pattern that nothing matches runs none of them. */
function listTests(): Test[] {
  const files = execFileSync("git", ["grep", "-lE", "describe(Upstream|Adapter)\\(", "--", "*.test.ts"], { encoding: "utf8" })
    .trim()
    .split("\n");
  const folder = mkdtempSync(join(tmpdir(), "upstream-table-"));
  const report = join(folder, "report.json");
  execFileSync("npx", ["vitest", "run", "-t", "(?!)", "--reporter=json", `--outputFile=${report}`, ...files], { stdio: "ignore" });
  const { testResults } = reportSchema.parse(JSON.parse(readFileSync(report, "utf8")));
  rmSync(folder, { recursive: true });
  return testResults.flatMap(({ assertionResults }) => assertionResults).filter(({ ancestorTitles }) => ancestorTitles.length > 0);
}

const capabilities = new Map(
  [...readFileSync("gateway/upstream-suite/capabilities.ts", "utf8").matchAll(/^ {2}(\w+): "(.+)",$/gm)].map(
    ([, name = "", meaning = ""]): [string, string] => [name, meaning],
  ),
);

/** What a title says is lacking. */
function lacksOf(title: string): [string, string][] {
  const [, said = ""] = / \(not here, (.*)\)$/.exec(title) ?? [];
  const names = [...capabilities.keys()].join("|");
  return [...said.matchAll(new RegExp(`(${names}): (.*?)(?=; (?:${names}): |$)`, "g"))].map(([, name = "", why = ""]) => [name, why]);
}

/** What names a behaviour, over all adapters. */
const behaviourOf = ({ ancestorTitles: [, ...places], title }: Test): string =>
  [...places, title.replace(/ \(not here, .*\)$/, "")].join(" > ");

/** What each behaviour needs, as far as an adapter lacks it. */
function needsOf(tests: readonly Test[]): Map<string, string[]> {
  const needs = new Map<string, string[]>();
  for (const test of tests)
    needs.set(behaviourOf(test), [...(needs.get(behaviourOf(test)) ?? []), ...lacksOf(test.title).map(([name]) => name)]);
  return needs;
}

function createColumns(tests: readonly Test[]): Column[] {
  const suites = new Set(tests.map(({ ancestorTitles: [suite = ""] }) => suite));
  const needs = needsOf(tests);
  for (const suite of suites)
    if (!columns.some(([, pattern]) => pattern.test(suite)))
      throw new Error(`${suite}: there is no column for it in .ci/upstream-table.ts`);
  return columns.map(([name, pattern]) => {
    const ofColumn = [...suites].filter((each) => pattern.test(each));
    const [column, ...others] = ofColumn.map((suite) => {
      const mine = tests.filter(({ ancestorTitles }) => ancestorTitles[0] === suite);
      return createColumn(name, mine, needs);
    });
    if (!column) throw new Error(`${name}: there is no such suite`);
    if (others.some(({ held }) => held !== column.held)) throw new Error(`${name}: its suites lack different things`);
    return column;
  });
}

function createColumn(name: string, tests: readonly Test[], needs: ReadonlyMap<string, string[]>): Column {
  const held = tests.filter(({ title }) => lacksOf(title).length === 0);
  return {
    name,
    behaviours: tests.length,
    held: held.length,
    shows: new Set(held.flatMap((test) => needs.get(behaviourOf(test)) ?? [])),
    lacks: new Map(tests.flatMap(({ title }) => lacksOf(title))),
  };
}

function cellOf({ lacks, shows }: Column, capability: string): string {
  if (lacks.has(capability)) return "no";
  return shows.has(capability) ? "yes" : "–";
}

/** The reasons why a capability is not there, each once. */
function reasonsFor(capability: string, all: readonly Column[]): string {
  const reasons = new Set(all.flatMap(({ lacks }) => lacks.get(capability) ?? []));
  const namesOf = (why: string) => all.filter(({ lacks }) => lacks.get(capability) === why).map(({ name }) => name);
  return [...reasons].map((why) => `${namesOf(why).join("; ")}: ${why}`).join(". ");
}

function writeTable(all: readonly Column[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const lines = [
    row(["what a behaviour may need", ...all.map(({ name }) => name), "why not"]),
    row(Array.from({ length: all.length + 2 }, () => "---")),
    ...[...capabilities].map(([capability, meaning]) =>
      row([`\`${capability}\`: ${meaning}`, ...all.map((column) => cellOf(column, capability)), reasonsFor(capability, all)]),
    ),
    row(["behaviours that hold", ...all.map(({ held, behaviours }) => `${held} of ${behaviours}`), ""]),
  ];
  return lines.join("\n");
}

const page = readFileSync(PAGE, "utf8");
const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)];
if (before < 0 || after < 0) throw new Error(`${PAGE} has no place for the table`);
const written = `${page.slice(0, before)}${BEGIN}\n\n${writeTable(createColumns(listTests()))}\n\n${page.slice(after)}`;
const options = await prettier.resolveConfig(PAGE);
writeFileSync(PAGE, await prettier.format(written, { ...options, filepath: PAGE }));

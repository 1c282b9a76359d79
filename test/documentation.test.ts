/** Every block of code in README.md and docs/ is what it says: each is compiled, validated, parsed or run, by its language. */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Script } from "node:vm";
import { parse as parseGraphql, validate } from "graphql";
import { describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { findCommand } from "../gateway/command-line.ts";
import { parseConfig } from "../gateway/config/config.ts";
import { schema } from "../schema/index.ts";
import { blocksOf, type CodeBlock, FOLDER, writeBlocks } from "./support/code-blocks.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const pages = [
  "README.md",
  ...readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .map((path) => `docs/${path}`)
    .filter((path) => path.endsWith(".md") && !/^docs\/(?:node_modules|reference)\//.test(path)),
];
const blocks = pages.flatMap((page) => blocksOf(page));
const of = (...languages: string[]): CodeBlock[] => blocks.filter(({ language }) => languages.includes(language));
const titled = (some: readonly CodeBlock[]): [string, CodeBlock][] => some.map((block) => [`${block.page}:${block.line}`, block]);

/** Pages whose packages are not installed here. A long test has them. */
const ELSEWHERE = ["docs/clients/relay.md", "docs/clients/gql-tada.md", "docs/quickstart/react-router.md"];

it("knows what each block is", () => {
  const known = new Set(["css", "graphql", "html", "http", "ini", "js", "json", "mermaid", "python", "sh", "ts", "tsx", "yaml", "text"]);
  expect(blocks.filter(({ language }) => !known.has(language)).map(({ page, line }) => `${page}:${line}`)).toEqual([]);
  expect(blocks.length).toBeGreaterThan(100);
});

it("compiles every block of TypeScript in strict mode", { timeout: 240_000 }, async () => {
  const folder = join(ROOT, FOLDER, "compile");
  rmSync(folder, { recursive: true, force: true });
  const files = writeBlocks(
    of("ts", "tsx").filter(({ page }) => !ELSEWHERE.includes(page)),
    `${FOLDER}/compile`,
  );
  expect(files.length).toBeGreaterThan(20);
  const paths = {
    "@xkit-gateway/client": ["../../../client/index.ts"],
    "@xkit-gateway/client/react": ["../../../client/react/index.ts"],
    "@xkit-gateway/client/server": ["../../../client/server/index.ts"],
    "@xkit-gateway/client/mcp": ["../../../client/mcp/index.ts"],
    "@xkit-gateway/client/catalog.css": ["./styles.d.ts"],
    "@xkit-gateway/client/possibleTypes.json": ["../../../schema/possibleTypes.json"],
    "@/lib/gateway": ["./docs/quickstart/next/lib/gateway.ts"],
    "xkit-gateway": ["../../../gateway/index.ts"],
    "xkit-gateway/better-auth": ["../../../gateway/upstream/better-auth/index.ts"],
    "xkit-gateway/upstream-suite": ["../../../gateway/upstream-suite/index.ts"],
  };
  const compilerOptions = { paths, noUnusedLocals: false, allowArbitraryExtensions: true, resolveJsonModule: true };
  writeFileSync(join(folder, "styles.d.ts"), "export {};\n");
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ extends: "../../../tsconfig.json", compilerOptions, include: ["**/*"], exclude: [] }),
  );
  const compiled = await promisify(execFile)(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", folder]).catch(
    ({ stdout }: { stdout: string }) => ({ stdout }),
  );
  expect(compiled.stdout).toBe("");
});

/** Documents inside the commands of a block. */
const operationsIn = ({ text }: CodeBlock): string[] =>
  [...text.matchAll(/-d '(\{.*\})'/g)].flatMap(([, body = ""]) => {
    const { query } = z.looseObject({ query: z.string().optional() }).parse(JSON.parse(body));
    return query ?? [];
  });

const operations = [
  ...of("graphql").map((block): [string, string] => [`${block.page}:${block.line}`, block.text]),
  ...of("sh").flatMap((block) => operationsIn(block).map((query): [string, string] => [`${block.page}:${block.line}`, query])),
];
it.each(operations)("is a valid operation: %s", (_where, query) => {
  expect(validate(schema, parseGraphql(query)).map(String)).toEqual([]);
});

/** Some blocks of JSON are a part, or one object on each line. */
function parseJson(text: string): unknown[] {
  for (const attempt of [() => [JSON.parse(text)], () => [JSON.parse(`{${text}}`)]])
    try {
      return attempt();
    } catch {}
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

it.each(titled(of("json")))("is JSON: %s", (_where, { text }) => {
  expect(parseJson(text).length).toBeGreaterThan(0);
});

describe("a configuration file", () => {
  const jsonSchema = z.fromJSONSchema(JSON.parse(readFileSync(join(ROOT, "schema/xkit.config.schema.json"), "utf8")));
  const settings = new Set(["platform", "web_origins", "connectors", "token_issuers", "webhooks"]);
  const isConfiguration = ({ text }: CodeBlock) =>
    parseJson(text).some((value) => typeof value === "object" && value !== null && Object.keys(value).some((key) => settings.has(key)));

  it.each(titled(of("json").filter(isConfiguration)))(
    "is accepted by the gateway and by the schema for editors: %s",
    (_where, { page, text }) => {
      const [stated] = parseJson(text);
      const file = { platform: { name: "Acme" }, ...Object(stated) };
      const written = JSON.stringify(file);
      const names = [...written.matchAll(/\$\{(\w+)\}/g)].map(([, name = ""]) => name);
      const secrets = names.map((name) => [name, /WEBHOOK/.test(name) ? `whsec_${btoa("s".repeat(32))}` : "value"]);
      const upstream = page.includes("nango") ? { XKIT_UPSTREAM: "nango", XKIT_NANGO_SECRET_KEY: "key" } : {};
      expect(() => parseConfig({ ...Object.fromEntries(secrets), ...upstream }, { path: page, text: written })).not.toThrow();
      expect(jsonSchema.safeParse(file).error).toBeUndefined();
    },
  );
});

describe("a command", () => {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")));
  /** As a shell splits them, without what is not a word of the command. */
  const wordsOf = (line: string) => [...line.matchAll(/"[^"]*"|'[^']*'|\S+/g)].map(([word]) => word.replaceAll(/^["']|["']$/g, ""));
  const commands = of("sh").flatMap(({ page, line, text }) =>
    text
      .replaceAll(/\\\n\s*/g, " ")
      .split(/\n|&&|\|(?!\|)/)
      .map((command) => command.replace(/ #.*$/, "").trim())
      .map((command): [string, string] => [`${page}:${line}`, command]),
  );
  const ours = commands.flatMap(([where, command]): [string, string, string[]][] => {
    const [, words] = /^(?:\$ |[A-Z_]+=\S+ )*(?:npx xkit-gateway|node \S*\/cli\.js)(?: (.*))?$/.exec(command) ?? [];
    return /xkit-gateway |cli\.js/.test(command) && words !== undefined ? [[where, command, wordsOf(words)]] : [];
  });
  const npm = commands.flatMap(([where, command]): [string, string][] => {
    const [, script] = /^npm run (\S+)/.exec(command) ?? [];
    return script === undefined ? [] : [[where, script]];
  });

  it.each(ours)("is one of the command line: %s %s", (_where, _command, words) => {
    expect(() => findCommand(words)).not.toThrow();
  });

  it.each(npm)("is a script of the package: %s npm run %s", (_where, script) => {
    expect(Object.keys(scripts)).toContain(script);
  });

  it("is among those that are looked at", () => {
    expect([ours.length, npm.length]).toEqual([expect.toSatisfy((count) => count > 25), expect.any(Number)]);
  });
});

it.each(titled(of("ts", "tsx", "js").filter(({ text }) => /fetch\("[^"]*user-token"\)/.test(text))))(
  "takes no error page for a user token: %s",
  (_where, { text }) => {
    expect(text).toContain("if (!response.ok) throw");
  },
);

it.each(titled(of("tsx").filter(({ text }) => /useXkitFetch\(/.test(text))))(
  "does something where a call of an API fails: %s",
  (_where, { text }) => {
    expect(text).toMatch(/ catch \(error\) |console\.error/);
  },
);

it.each(titled(of("yaml")))("is YAML: %s", (_where, { text }) => {
  expect(parseYaml(text)).toBeTypeOf("object");
});

it.each(titled(of("html")))("has scripts that are JavaScript: %s", (_where, { text }) => {
  const scripts = [...text.matchAll(/<script>([^]*?)<\/script>/g)].map(([, script = ""]) => script);
  expect(scripts.map((script) => new Script(script)).length).toBe(scripts.length);
});

it("has the example of gql.tada on its page as it is", () => {
  const example = readFileSync(join(ROOT, "examples/gql-tada/token.ts"), "utf8");
  expect(blocksOf("docs/clients/gql-tada.md").map(({ text }) => text)).toContain(`// token.ts\n${example}`);
});

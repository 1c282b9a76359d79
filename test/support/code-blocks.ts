/** The blocks of code of a page of documentation, for tests that compile or run them. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Where tests write blocks, below the root, so that packages are found. Git ignores it. */
export const FOLDER = "coverage/documentation";

export interface CodeBlock {
  page: string;
  /** The line on which it begins, from 1. */
  line: number;
  language: string;
  text: string;
}

/** @param page a path below the root */
export function blocksOf(page: string): CodeBlock[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  return [...text.matchAll(/^( *)```([a-z]*)[^\n]*\n([^]*?)^\1```/gm)].map((match) => {
    const [, indent = "", language = "", code = ""] = match;
    const line = text.slice(0, match.index).split("\n").length;
    return { page, line, language: language || "text", text: code.replaceAll(new RegExp(`^${indent}`, "gm"), "") };
  });
}

/**
 * Writes blocks of TypeScript, each page into a folder of its own, and answers where they are. A block names its file in its first line:
 * `// client.ts`. `session-fetch.ts` is beside each page of a GraphQL client, as it is on one page for all.
 * @param folder below the root: each test has its own
 */
export function writeBlocks(blocks: readonly CodeBlock[], folder: string): string[] {
  const shared = blocksOf("docs/graphql-clients.md").find(({ text }) => text.startsWith("// session-fetch.ts"));
  const pages = new Set(blocks.map(({ page }) => page).filter((page) => page.startsWith("docs/clients/")));
  const copies = shared ? [...pages].map((page) => ({ ...shared, page })) : [];
  return [...blocks, ...copies].map(({ page, line, language, text }) => {
    const [, name] = /^\/\/ (\S+\.tsx?)\n/.exec(text) ?? [];
    const path = join(ROOT, folder, page.replace(/\.md$/, ""), name ?? `line-${line}.${language}`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${text}\nexport {};\n`);
    return path;
  });
}

/**
 * Writes docs/connectors.md and a page for each provider with a guide, from the providers' data and gateway/providers/guides.
 *
 * `npm run docs:connectors`. With `--check` it writes nothing, and fails when a page is not current.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { format, resolveConfig } from "prettier";
import { listProviders } from "../gateway/providers/library.ts";
import { providerSchema } from "../gateway/providers/provider.ts";
import { overviewOf } from "./connector-docs/overview.ts";
import { pageOf } from "./connector-docs/page.ts";

const OVERVIEW = "docs/connectors.md";
const PAGES = "docs/connectors";
const GUIDES = "gateway/providers/guides";

const providers = listProviders().map((slug) => ({ slug, facts: providerSchema.parse(slug).facts }));
const guides = readdirSync(GUIDES).map((name) => name.replace(/\.md$/, ""));
const stray = guides.filter((slug) => !providers.some((provider) => provider.slug === slug));
if (stray.length > 0) throw new Error(`${GUIDES} has guides of no known provider: ${stray.join(", ")}`);

const options = await resolveConfig(OVERVIEW);
const toMarkdown = (text: string): Promise<string> => format(text, { ...options, parser: "markdown" });

const pages = new Map<string, string>([[OVERVIEW, await toMarkdown(overviewOf(providers, guides))]]);
for (const { slug, facts } of providers)
  if (guides.includes(slug))
    pages.set(`${PAGES}/${slug}.md`, await toMarkdown(pageOf(slug, facts, readFileSync(`${GUIDES}/${slug}.md`, "utf8"))));

const written = existsSync(PAGES) ? readdirSync(PAGES).map((name) => `${PAGES}/${name}`) : [];
const surplus = written.filter((path) => !pages.has(path));
const stale = [...pages].filter(([path, text]) => !existsSync(path) || readFileSync(path, "utf8") !== text).map(([path]) => path);

if (process.argv.includes("--check")) {
  for (const path of [...stale, ...surplus]) console.error(`${path} is not current: npm run docs:connectors`);
  if (stale.length + surplus.length > 0) process.exitCode = 1;
  else console.log(`${pages.size} pages about connectors are current.`);
} else {
  mkdirSync(PAGES, { recursive: true });
  for (const path of surplus) rmSync(path);
  for (const path of stale) writeFileSync(path, pages.get(path) ?? "");
  console.log(`${pages.size} pages about connectors, ${stale.length} of them written.`);
}

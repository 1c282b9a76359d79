/** Fails where a link of the built documentation leads to a part of a page that is not there, and where a page is not there as Markdown. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SITE = fileURLToPath(new URL("../dist/docs/", import.meta.url));
const BASE = "/docs/";

const pages = readdirSync(SITE, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".html") && name !== "404.html");
const texts = new Map(pages.map((name) => [`${BASE}${name.replaceAll("\\", "/")}`, readFileSync(`${SITE}${name}`, "utf8")]));
const ids = new Map([...texts].map(([path, text]) => [path, new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))]));

function* deadLinks() {
  for (const [path, text] of texts)
    for (const [, href] of text.matchAll(/<a [^>]*href="([^"]*#[^"]+)"/g)) {
      const { origin, pathname, hash } = new URL(href.replaceAll("&amp;", "&"), `http://site${path}`);
      if (origin !== "http://site") continue;
      const target = ids.get(pathname.endsWith("/") ? `${pathname}index.html` : pathname);
      if (!target?.has(decodeURIComponent(hash.slice(1)))) yield `${path} links to ${href}, which is not there.`;
    }
}

const withoutMarkdown = pages.filter((name) => !existsSync(`${SITE}${name.replace(/html$/, "md")}`));
const complaints = [...deadLinks(), ...withoutMarkdown.map((name) => `${BASE}${name} is not there as Markdown.`)];
for (const complaint of complaints) console.error(complaint);
console.log(`${pages.length} pages of documentation, ${complaints.length} complaints.`);
process.exitCode = complaints.length > 0 ? 1 : 0;

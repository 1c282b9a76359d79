/**
 * Fails when code knows a provider: what is special about one is data (gateway/providers/data).
 *
 * It looks for a text or a key that is the slug or the name of a known provider, and for a text with one of its hosts. Comments, tests and
 * the demo are left out.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { listProviders } from "../gateway/providers/library.ts";
import { providerSchema } from "../gateway/providers/provider.ts";

/** What is a provider's and means something else, or is an example, in a file. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  // The slug in GraphiQL's first example where no connector is configured.
  "gateway/graphql/example-tabs.ts": ["slack"],
  // An example in the description of a field.
  "schema/authorization.ts": ["zendesk.com"],
  // What stands in for a placeholder while an address is checked.
  "gateway/providers/format-parts.ts": ["x"],
  // A member of a JSON Web Key.
  "gateway/auth/signing-keys.ts": ["x"],
  // What a row is filled with to see whether the store can be written.
  "gateway/store/sqlite.ts": ["x"],
};

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "gateway", "schema", "client"], {
  encoding: "utf8",
})
  .split("\n")
  .filter(
    (path) =>
      /\.tsx?$/.test(path) && !/\.test\.tsx?$|^gateway\/demo\/|^gateway\/upstream-suite\/|^client\/(?:server\/)?generated\//.test(path),
  );

const known = listProviders().map((slug) => ({ slug, facts: providerSchema.parse(slug).facts }));
const names = new Set(known.flatMap(({ slug, facts }) => [slug, (facts.name ?? slug).toLowerCase()]));

/** The host of an address, without a label that depends on the user; none where all of it does. */
const hostOf = (url: string): string[] => /^https?:\/\/(?:\{\w+\}\.)?([a-z0-9.-]+)(?:[/:?]|$)/.exec(url)?.slice(1) ?? [];
const hosts = new Set(
  known.flatMap(({ facts }) =>
    [facts.authorization_endpoint, facts.token_endpoint].flatMap((url) => (url === undefined ? [] : hostOf(url))),
  ),
);

/** Comments, which may name a provider; the texts of the code; and keys of objects. */
const tokens = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"((?:\\.|[^"\\\n])*)"|`((?:\\.|[^`\\])*)`|(?<![\w.])(\w+)(?=: )/g;

function namesIn(path: string): string[] {
  const found = [...readFileSync(path, "utf8").matchAll(tokens)].flatMap(([, quoted, template, key]) => {
    const text = (quoted ?? template ?? key ?? "").toLowerCase();
    return [...(names.has(text) ? [text] : []), ...[...hosts].filter((host) => text.includes(host))];
  });
  return [...new Set(found)].filter((name) => !allowed[path]?.includes(name));
}

const problems = files.flatMap((path) => namesIn(path).map((name) => `${path} names the provider "${name}": make it a key of the format`));

if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exitCode = 1;
} else console.log(`${files.length} files know none of ${known.length} providers.`);

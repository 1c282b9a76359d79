import type { Plugin } from "vite";

const DOCUMENT = /^export const (\w+) = (\{"kind":"Document".*\}) as unknown as (DocumentNode<.*>);$/gm;

interface Definition {
  kind: string;
  name: { value: string };
}

const isDefinition = (value: unknown): value is Definition =>
  typeof value === "object" && value !== null && "kind" in value && "name" in value;

function parseDefinitions(json: string): Definition[] {
  const document: unknown = JSON.parse(json);
  const found: unknown = typeof document === "object" && document !== null && "definitions" in document ? document.definitions : [];
  return Array.isArray(found) ? found.filter(isDefinition) : [];
}

/**
 * Codegen writes each fragment into every operation that uses it. This build step lets the operations
 * share one copy: 30 kB less to parse, 1 kB less to send.
 */
export const compactDocuments = (): Plugin => ({
  name: "compact-documents",
  enforce: "pre",
  transform(code, id) {
    if (!id.endsWith("client/generated/graphql.ts")) return null;
    const fragments = new Map<string, string>();
    const compact = code.replace(DOCUMENT, (_line, name: string, json: string, type: string) => {
      const definitions = parseDefinitions(json).map((definition) => {
        if (definition.kind !== "FragmentDefinition") return JSON.stringify(definition);
        const variable = `${definition.name.value}Definition`;
        fragments.set(variable, JSON.stringify(definition));
        return variable;
      });
      return `export const ${name} = {kind:"Document",definitions:[${definitions.join()}]} as unknown as ${type};`;
    });
    const shared = [...fragments].map(([variable, text]) => `const ${variable} = ${text};`);
    return { code: [...shared, compact].join("\n"), map: null };
  },
});

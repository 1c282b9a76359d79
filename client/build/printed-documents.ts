import { type DefinitionNode, type DocumentNode, Kind, print, stripIgnoredCharacters, visit } from "graphql";
import type { Plugin } from "vite";

const GENERATED = "client/generated/graphql.ts";
const DOCUMENT = /^export const (\w+) = (\{"kind":"Document".*\}) as unknown as (DocumentNode<.*>);$/gm;
/** Stands in for GraphQL's language; the zero byte keeps other plugins away. */
const LANGUAGE = "\0printed-language";

const isDocument = (value: unknown): value is DocumentNode =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === Kind.DOCUMENT;

const typename = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: "__typename" } } as const;

/** With `__typename` below each field, as urql's cache would add it. */
const textOf = (definition: DefinitionNode): string =>
  stripIgnoredCharacters(
    print(
      visit(definition, {
        SelectionSet: (node, _key, parent) =>
          parent && "kind" in parent && parent.kind === Kind.OPERATION_DEFINITION
            ? undefined
            : {
                ...node,
                selections: [...node.selections.filter((one) => one.kind !== Kind.FIELD || one.name.value !== "__typename"), typename],
              },
      }),
    ),
  );

/**
 * Sends operations as the texts that they are: codegen's documents are taken apart into one text for each operation and fragment, and
 * what would print or parse them is left out. Over 1 kB less to send, gzipped.
 */
export const printedDocuments = (): Plugin => ({
  name: "printed-documents",
  enforce: "pre",
  resolveId: (id, importer) => (id === "@0no-co/graphql.web" && importer !== LANGUAGE ? LANGUAGE : null),
  load: (id) =>
    id === LANGUAGE
      ? `export { Kind } from "@0no-co/graphql.web";
         export const print = (document) => document.loc.source.body;
         export const parse = () => { throw new TypeError("Only the operations that were built in can be sent."); };
         export class GraphQLError extends Error {}`
      : null,
  transform(code, id) {
    if (!id.endsWith(GENERATED)) return null;
    const fragments = new Map<string, string>();
    const printed = code.replace(DOCUMENT, (line, name: string, json: string, type: string) => {
      const document: unknown = JSON.parse(json);
      if (!isDocument(document)) return line;
      const body = document.definitions.map((definition) => {
        if (definition.kind !== Kind.FRAGMENT_DEFINITION) return JSON.stringify(textOf(definition));
        const variable = `${definition.name.value}Text`;
        fragments.set(variable, JSON.stringify(textOf(definition)));
        return variable;
      });
      const heads = document.definitions.flatMap((definition) =>
        definition.kind === Kind.OPERATION_DEFINITION
          ? [{ kind: definition.kind, operation: definition.operation, name: definition.name }]
          : [],
      );
      const parts = `kind:"Document",definitions:${JSON.stringify(heads)},loc:{source:{body:${body.join("+")}}}`;
      return `export const ${name} = {${parts}} as unknown as ${type};`;
    });
    return { code: [...[...fragments].map(([variable, text]) => `const ${variable} = ${text};`), printed].join("\n"), map: null };
  },
});

import { type DocumentNode, Kind, print, stripIgnoredCharacters, visit } from "graphql";
import type { Plugin } from "vite";
import * as generated from "../generated/graphql.ts";

const GENERATED = "client/generated/graphql.ts";
/** Stands in for GraphQL's language; the zero byte keeps other plugins away. */
const LANGUAGE = "\0printed-language";

const typename = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: "__typename" } } as const;

/** With `__typename` below each field, as urql's cache would add it. */
const withTypenames = (document: DocumentNode): DocumentNode =>
  visit(document, {
    SelectionSet: (node, _key, parent) =>
      parent && "kind" in parent && parent.kind === Kind.OPERATION_DEFINITION
        ? undefined
        : { ...node, selections: [...node.selections, typename] },
  });

/** A document as far as urql reads it: the kind of its operation, and its text. */
function printed(document: DocumentNode) {
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  return {
    kind: document.kind,
    definitions: operations.map(({ kind, operation }) => ({ kind, operation })),
    loc: { source: { body: stripIgnoredCharacters(print(withTypenames(document))) } },
  };
}

/**
 * Sends operations as texts: codegen's syntax trees are left out, and what parses and prints them. That takes 1.6 kB off xkit.js and
 * 3.6 kB off the catalog, gzipped.
 */
export const printedDocuments = (): Plugin => ({
  name: "printed-documents",
  enforce: "pre",
  resolveId: (id, importer) => (id === "@0no-co/graphql.web" && importer !== LANGUAGE ? LANGUAGE : null),
  load(id) {
    if (id === LANGUAGE)
      return `
        export { Kind } from "@0no-co/graphql.web";
        export const print = (document) => document.loc.source.body;
        export const parse = () => { throw new TypeError("Only the operations that were built in can be sent."); };
        export class GraphQLError extends Error {}`;
    if (!id.endsWith(GENERATED)) return null;
    const exported = Object.entries(generated).map(([name, document]) => `export const ${name} = ${JSON.stringify(printed(document))};`);
    return exported.join("\n");
  },
});

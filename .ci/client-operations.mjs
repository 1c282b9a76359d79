/** Writes the client's operations as texts, each with its fragments: a plugin of graphql-codegen. */
import { Kind, print, visit } from "graphql";

/** The fragments that a definition spreads, each once, in the order in which codegen has them. */
function fragmentsOf(definition, fragments, found = new Map()) {
  visit(definition, {
    FragmentSpread({ name: { value } }) {
      if (found.has(value)) return;
      const fragment = fragments.get(value);
      found.set(value, fragment);
      fragmentsOf(fragment, fragments, found);
    },
  });
  return found;
}

export function plugin(_schema, documents) {
  const definitions = documents.flatMap(({ document }) => document.definitions);
  const fragments = new Map(definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION).map((one) => [one.name.value, one]));
  const operations = definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  const texts = operations.map((one) => [one, ...fragmentsOf(one, fragments).values()].map(print).join("\n\n"));
  return [
    "/** What this project's own client sends. Generated from its documents. */",
    `export const clientOperations: readonly string[] = ${JSON.stringify(texts, null, 2)};`,
  ].join("\n");
}

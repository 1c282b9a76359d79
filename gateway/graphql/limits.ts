import { EnvelopArmor } from "@escape.tech/graphql-armor";
import { GraphQLError, isIntrospectionType, type ValidationRule } from "graphql";
import type { Plugin } from "graphql-yoga";

/** How large an operation may be. Connections lead to connectors and back: each round multiplies the answer by the number of the viewer's connections. */
export const MAXIMUM_DEPTH = 8;
const MAXIMUM_ALIASES = 30;
const MAXIMUM_TOKENS = 1_000;
/** Each level makes what is below it half as expensive again: the `edges` and the `node` of a list are two. What an answer may hold is limited apart from this. */
const MAXIMUM_COST = 12_000;
/** Refusals of operations that are too large. */
export const limitErrors = new WeakSet<GraphQLError>();

/**
 * Refuses aliases of the schema and of what is below it: introspection counts towards no other limit, and each alias repeats 100 kB of
 * answer. `__type` itself may have one.
 */
const refuseIntrospectionAliases: ValidationRule = (context) => {
  let isRefused = false;
  return {
    Field(node) {
      const name = node.name.value;
      const parent = context.getParentType();
      const isIntrospection = name === "__schema" || Boolean(parent && isIntrospectionType(parent));
      if (isRefused || !node.alias || !isIntrospection || name === "__typename") return;
      isRefused = true;
      const error = new GraphQLError("Introspection does not allow aliases: ask for each field once, by its own name.", { nodes: node });
      limitErrors.add(error);
      context.reportError(error);
    },
  };
};

const limitIntrospection: Plugin = {
  onValidate: ({ addValidationRule }) => addValidationRule(refuseIntrospectionAliases),
};

/** The plugins that refuse them. */
export function createLimits() {
  const onReject = [(_context: unknown, error: GraphQLError) => void limitErrors.add(error)];
  const { plugins } = new EnvelopArmor({
    // Fragments count where they are spread, as if they were written out.
    maxDepth: { n: MAXIMUM_DEPTH, flattenFragments: true, onReject },
    maxAliases: { n: MAXIMUM_ALIASES, onReject },
    maxTokens: { n: MAXIMUM_TOKENS, onReject },
    costLimit: { maxCost: MAXIMUM_COST, flattenFragments: true, onReject },
    maxDirectives: { n: MAXIMUM_ALIASES, onReject },
    // The schema is public: a hint at the right name gives nothing away.
    blockFieldSuggestion: { enabled: false },
  }).protect();
  return [limitIntrospection, ...plugins];
}

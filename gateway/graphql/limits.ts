import { EnvelopArmor } from "@escape.tech/graphql-armor";
import type { GraphQLError } from "graphql";

/** How large an operation may be. Connections lead to connectors and back: each round multiplies the answer by the number of the asker's connections. */
export const MAXIMUM_DEPTH = 8;
export const MAXIMUM_ALIASES = 30;
export const MAXIMUM_TOKENS = 1_000;
export const MAXIMUM_COST = 5_000;
/** Refusals of operations that are too large. */
export const overLimit = new WeakSet<GraphQLError>();

/** The plugins that refuse them. */
export function createLimits() {
  const onReject = [(_context: unknown, error: GraphQLError) => void overLimit.add(error)];
  return new EnvelopArmor({
    // Fragments count where they are spread, as if they were written out.
    maxDepth: { n: MAXIMUM_DEPTH, flattenFragments: true, onReject },
    maxAliases: { n: MAXIMUM_ALIASES, onReject },
    maxTokens: { n: MAXIMUM_TOKENS, onReject },
    costLimit: { maxCost: MAXIMUM_COST, flattenFragments: true, onReject },
    maxDirectives: { n: MAXIMUM_ALIASES, onReject },
    // The schema is public: a hint at the right name gives nothing away.
    blockFieldSuggestion: { enabled: false },
  }).protect().plugins;
}

import type { ConnectionWhere } from "../generated/graphql.ts";

/**
 * Names a connection: its connector's slug (`"slack"` or `{ slug }`: the healthiest one) or its own id (`{ id }`).
 * A Connection and a Connector are names too.
 */
export type ConnectionName = string | { slug: string; id?: never } | { id: string };

/** A connector, by itself or by its slug. */
export type ConnectorName = string | { slug: string };

/** The GraphQL argument for a name. Throws TypeError when neither a slug nor an id is given. */
export function parseWhere(name: ConnectionName): ConnectionWhere {
  if (typeof name === "string") return { slug: name };
  if (typeof name.id === "string") return { id: name.id };
  if ("slug" in name && typeof name.slug === "string") return { slug: name.slug };
  throw new TypeError("A connection is named by its connector's slug, { slug } or { id }.");
}

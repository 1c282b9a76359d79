import { useMemo } from "react";
import type { ConnectionWhere } from "../generated/graphql.ts";
import { type ConnectionName, parseWhere } from "../api/where.ts";

/** The same argument for the same name, so that `{ slug }` written inline is not another one at each render. */
export function useWhere(name: ConnectionName): ConnectionWhere {
  const { slug, id } = parseWhere(name);
  return useMemo(() => (slug === undefined ? { id: id ?? "" } : { slug }), [slug, id]);
}

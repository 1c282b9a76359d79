import { LRUCache } from "lru-cache";
import type { AuthorizationAnswer } from "./response-schemas.ts";

/** Started authorizations whose connector is remembered at most: the contract asks for it beside their id. */
const REMEMBERED_AUTHORIZATIONS = 10_000;
/** Ids and states come from the upstream and may be long: 2 Mi characters of them are kept. */
const REMEMBERED_CHARACTERS = 2_097_152;

/** The connectors of started authorizations, by id and by state. */
export interface StartedSlugs {
  find(idOrState: string): string | undefined;
  add(authorization: Pick<AuthorizationAnswer, "id" | "state">, slug: string): void;
}

export function createStartedSlugs(): StartedSlugs {
  const slugs = new LRUCache<string, string>({
    max: REMEMBERED_AUTHORIZATIONS,
    maxSize: REMEMBERED_CHARACTERS,
    sizeCalculation: (slug, key) => slug.length + key.length + 1,
  });
  return {
    find: (idOrState) => slugs.get(idOrState),
    add({ id, state }, slug) {
      slugs.set(id, slug);
      if (state) slugs.set(state, slug);
    },
  };
}

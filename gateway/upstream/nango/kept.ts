/** What Nango keeps of a connection beside its credentials, and what of it is shown. */
import type { MetadataEntry } from "../../../schema/upstream.ts";
import { toText } from "../../oauth/stated-values.ts";
import type { CatalogEntry } from "./catalog.ts";

/** By name: any JSON. */
export type Kept = Readonly<Record<string, unknown>>;

/** Shortest secret that is looked for: a shorter one may be a part of an ordinary word. */
const SHORTEST_SECRET = 8;

/** What a secret of credentials is called, Nango's own as `apiKey` and the provider's as `access_token`. */
const secretName = /token|secret|password|key|session|assertion|signature/i;

/** What is no secret of the credentials, and holds none. Beside them stands all else that the provider answered. */
export function withoutSecrets(kept: Kept, credentials: unknown): Kept {
  const secrets = textsOf(credentials).flatMap(([name, text]) => (secretName.test(name) && text.length >= SHORTEST_SECRET ? [text] : []));
  const isPublic = (value: unknown): boolean => !textsOf(value).some(([, text]) => secrets.some((secret) => text.includes(secret)));
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => isPublic(value)));
}

/** Every text at every depth, by the name of its member. Not recursive: an answer may be deep. */
function textsOf(json: unknown): [name: string, text: string][] {
  const found: [string, unknown][] = [["", json]];
  for (const [, value] of found) if (typeof value === "object" && value !== null) found.push(...Object.entries(value));
  return found.flatMap(([name, value]): [string, string][] => (typeof value === "string" ? [[name, value]] : []));
}

/** The entries that the operator has named. Nango's own are there once a token was read. */
export const showKept = (
  named: CatalogEntry["metadata"],
  kept: Readonly<Record<"metadata" | "connection_config", Kept>>,
): MetadataEntry[] =>
  Object.entries(named).flatMap(([name, source]) => {
    const [, place, key] = /^(metadata|connection_config):(.+)$/.exec(source) ?? [];
    const from = place === "metadata" ? kept.metadata : kept.connection_config;
    const value = key !== undefined && Object.hasOwn(from, key) ? toText(from[key]) : null;
    return value === null ? [] : [{ name, value }];
  });

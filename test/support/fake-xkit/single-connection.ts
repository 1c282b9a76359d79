import type { FakeConnector } from "./catalog.ts";
import { type Call, Refusal } from "./exchange.ts";
import type { Service } from "./service.ts";
import { connectorUrlOf, toSingleConnection, withOutcome } from "./shapes.ts";
import type { Connection, User } from "./state.ts";
import type { TokenOutcome } from "./tokens.ts";

/** A GET of a single connection, which asks for its token (contract, "Tokens"). @param reader null is a server. */
export async function readSingle(service: Service, reader: User | null, connection: Connection, { query }: Pick<Call, "query">) {
  if (query.has("provider_user_id"))
    throw new Refusal(400, "BAD_USER_INPUT", "Accounts are not impersonated.", { path: "provider_user_id" });
  if (query.get("access_token") === "false") return { ...toSingleConnection(service, reader, connection), token_problem: null };
  const minimumTtl = query.get("minimum_ttl");
  const scopes = query.get("scopes")?.split(" ") ?? [];
  assertAllowed(connection.connector, scopes);
  const kind = kindOf(connection.connector, query.get("kind"));
  const isOfGroup = reader !== null && connection.owner.kind === "group";
  const outcome = await service.readToken(connection, isOfGroup && service.dialect.withholdsGroupTokens, {
    minimumTtl: minimumTtl === null ? null : Number(minimumTtl),
    rejected: query.get("rejected"),
    scopes,
    kind,
  });
  const refusal = refusalOf(connection, outcome, reader === null);
  if (refusal) throw refusal;
  return withOutcome(service, reader, connection, outcome, { withHeader: query.get("authorization_header") === "true", kind });
}

/** Null where the connector has one kind of token (contract, "Tokens"). */
function kindOf({ user_scope: userScope }: FakeConnector, asked: string | null): string | null {
  if (asked === null) return userScope === undefined ? null : "main";
  if (userScope !== undefined && ["main", "user"].includes(asked)) return asked;
  throw new Refusal(400, "BAD_USER_INPUT", "kind: there is no such kind of token.", { path: "kind" });
}

/** A scope that the platform does not allow is not asked for (contract, "Tokens"). */
export function assertAllowed({ scopes = [], allowed_scopes = [] }: FakeConnector, asked: readonly string[]): void {
  if (asked.every((scope) => scopes.includes(scope) || allowed_scopes.includes(scope))) return;
  throw new Refusal(400, "BAD_USER_INPUT", "scopes: one is not allowed.", { path: "scopes" });
}

/** What the provider said is for servers. */
function refusalOf({ connector: { name } }: Connection, outcome: TokenOutcome, isServer: boolean): Refusal | null {
  const why = "said" in outcome && isServer ? ` (${outcome.said})` : "";
  switch (outcome.outcome) {
    case "later":
      return new Refusal(503, "TEMPORARILY_UNAVAILABLE", `${name} has no token now${why}.`, { retry_after: outcome.retryAfterSeconds });
    case "misconfigured":
      return new Refusal(502, "CONNECTOR_MISCONFIGURED", `${name} is not set up as it should be${why}.`);
    case "too long":
      return new Refusal(409, "MINIMUM_TTL_UNAVAILABLE", `No ${name} token lives that long.`, { maximum_ttl: outcome.maximumTtl });
    default:
      return null;
  }
}

/** Where there never was a connection (contract, "Tokens"). */
export function neverConnected(service: Service, slug: string | null): Refusal {
  if (slug !== null && !service.connectors.has(slug)) return new Refusal(404, "NOT_FOUND", "There is no such connector.");
  const facts: Record<string, string> = slug === null ? {} : { connector_url: connectorUrlOf(service, slug) };
  return new Refusal(404, "NOT_CONNECTED", "There is no such connection.", facts);
}

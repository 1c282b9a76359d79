import { noSuchConnector } from "../../../schema/errors.ts";
import { minimumTtlUnavailable, notConnected, temporarilyUnavailable } from "../../../schema/outcomes.ts";
import type { AccessToken, AccessTokenOutcome, Catalog, OwnerConnections, TokenRequest } from "../../../schema/upstream.ts";
import type { Clock } from "../../runtime/clock.ts";
import { assessFreshness } from "../../vault/freshness.ts";
import { fingerprintOf } from "../../vault/sealed-columns.ts";
import { connectionLacks, scopesMissingIn } from "../scopes-missing.ts";

/** When to ask again for a token that must not be given, in seconds. */
const ASK_AGAIN_SECONDS = 30;

/** The same connections, of which no token is given against rules 1 and 8 or without what was asked for, and NOT_FOUND is thrown for an unknown connector. */
export const applyTokenRules = (
  connections: OwnerConnections,
  { catalog, clock }: { catalog: Pick<Catalog, "findConnector">; clock: Pick<Clock, "now"> },
): OwnerConnections => ({
  find: (where) => connections.find(where),
  list: (slug) => connections.list(slug),
  async accessToken(where, request) {
    const outcome = await connections.accessToken(where, request);
    if (outcome.type === "AccessToken") return judge(outcome, request, clock.now());
    if (outcome.type === "NotConnected" && where.slug !== undefined && !(await catalog.findConnector(where.slug)))
      throw noSuchConnector(where.slug);
    return outcome;
  },
});

function judge(token: { type: "AccessToken" } & AccessToken, request: TokenRequest, now: number): AccessTokenOutcome {
  const { minimumTtl, rejected } = request;
  const { name, connectorUrl } = token.connection.connector;
  if (!token.connection.enabled) return notConnected(name, connectorUrl);
  const missing = scopesMissingIn(request, token.scopes);
  if (missing.length > 0) return connectionLacks(token.connection, missing, request);
  const fingerprint = fingerprintOf(token.value);
  if (rejected === fingerprint) return temporarilyUnavailable(name, ASK_AGAIN_SECONDS, "there is no other token than the refused one");
  const expiresAt = token.expiresAt?.getTime() ?? null;
  // When it was issued is not known: the default margin is 60 s.
  if (assessFreshness({ issuedAt: Number.NEGATIVE_INFINITY, expiresAt }, minimumTtl, now).isUsable) return { ...token, fingerprint };
  const leftSeconds = expiresAt === null ? 0 : Math.floor((expiresAt - now) / 1000);
  return minimumTtl === null || (expiresAt !== null && leftSeconds <= 0)
    ? temporarilyUnavailable(name, ASK_AGAIN_SECONDS, "its token has expired or is about to expire")
    : minimumTtlUnavailable(name, leftSeconds);
}

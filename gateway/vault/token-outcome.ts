import { notFound } from "../../schema/errors.ts";
import {
  connectionDisabled,
  connectorMisconfigured,
  kindMissing,
  minimumTtlUnavailable,
  notConnected,
  reconnectReasonOf,
  reconnectRequired,
  scopesMissing,
  secretUnopened,
  temporarilyUnavailable,
} from "../../schema/outcomes.ts";
import type { AccessTokenOutcome, ConnectionWhere, ReconnectReason, TokenRequest } from "../../schema/upstream.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { scopesOfKind, type TokenKindConfig } from "../providers/token-kinds.ts";
import { type StoredConnection, toConnection, type View } from "./connections.ts";
import { type Held, isAnswer } from "./held-token.ts";
import { isRenewable } from "./renewable.ts";
import { type RefreshProblem, shortLived } from "./refresh-problem.ts";

/** "A token, please." */
export interface Question {
  where: ConnectionWhere;
  request: TokenRequest;
  /** Shows the answer to the user who asks, or to a server. */
  view: View;
  startedAt: number;
}

/** The token where rule 1 allows it, else the reason why not. */
export const answerOf = (held: Held, question: Question, problem: RefreshProblem | null): AccessTokenOutcome =>
  isAnswer(held) ? held.token : unanswerable(held, question, problem);

/** The reason why there is no token. */
export function unanswerable(held: Held, { request, view }: Question, problem: RefreshProblem | null): AccessTokenOutcome {
  const now = view.clock.now();
  const { name } = held.connector;
  if (problem?.kind === "client_changed") return toReconnect(held, view, "CLIENT_CHANGED");
  if (problem?.kind === "unopened") return secretUnopened(name);
  if (problem?.kind === "misconfigured") return connectorMisconfigured(name, whyOf(problem, view));
  if (problem?.kind === "temporary") return temporarilyUnavailable(name, problem.retryAfterSeconds, whyOf(problem, view));
  if (held.refusedBy) return toReconnect(held, view, "TOKEN_REJECTED");
  if (isBeyondReach(held, request) || (request.minimumTtl !== null && isAlive(held, now)))
    return minimumTtlUnavailable(name, maximumTtlOf(held, now));
  // A new token that is hardly alive: connecting again would bring no better one.
  if (isRenewable(held)) return temporarilyUnavailable(name, 1, shortLived.reason);
  return toReconnect(held, view, "EXPIRED");
}

/** For a connection that has no token. */
export const reconnect = (stored: StoredConnection, { view }: Question): AccessTokenOutcome =>
  toReconnect(stored, view, reconnectReasonOf(stored.authorization?.error_code));

/** Where only a further kind of token has ended the connector's page finds nothing wrong: the link connects at once. */
const toReconnect = (stored: StoredConnection, view: View, reason: ReconnectReason): AccessTokenOutcome =>
  reconnectRequired(toConnection(stored, view), reason, stored.authorization?.came_with ? connectUrlOf(stored, view) : undefined);

/** For a connection that lacks scopes: the link asks for them, and connecting asks for what is granted as well. */
export function lacking(stored: StoredConnection, { request: { kind }, view }: Question, missing: string[]): AccessTokenOutcome {
  return scopesMissing(stored.connector.name, missing, connectUrlOf(stored, view, { kind, scopes: missing }));
}

/** For a connection that has no token of this kind: the link asks for one. */
export function lackingKind(stored: StoredConnection, { request, view }: Question, named: TokenKindConfig): AccessTokenOutcome {
  const { kind } = named;
  const scopes = [...(request.scopes ?? scopesOfKind(named))];
  const { name } = stored.connector;
  return kindMissing(name, kind ?? "", scopes, connectUrlOf(stored, view, { kind: kind ?? undefined, scopes }));
}

/** Connects again at once. */
function connectUrlOf(
  { connection, connector }: StoredConnection,
  { publicUrl }: View,
  { kind, scopes = [] }: { kind?: string | undefined; scopes?: readonly string[] } = {},
): string {
  const asked = { id: connection.id, ...(kind !== undefined && { kind }), ...(scopes.length > 0 && { scopes: scopes.join(" ") }) };
  return `${publicUrl}/connect/${connector.slug}?${new URLSearchParams(asked)}`;
}

/** Where there is no connection, or a disconnected or disabled one. Throws NOT_FOUND for a connector that the catalog does not have. */
export function absent(
  connectors: ReadonlyMap<string, ConnectorConfig>,
  stored: StoredConnection | null,
  { where, view }: Question,
): AccessTokenOutcome {
  const connector = stored?.connector ?? connectors.get(where.slug ?? "");
  if (stored && stored.connection.disabled_at !== null) return connectionDisabled(stored.connector.name);
  if (connector) return notConnected(connector.name, `${view.publicUrl}/connectors/${connector.slug}`);
  if (where.slug !== undefined) throw notFound(`No connector has the slug "${where.slug}" in this platform's catalog.`);
  return notConnected("This connection", `${view.publicUrl}/`);
}

/** Only servers see what the provider said. */
const whyOf = ({ why, said }: { why: string; said: string | null }, { reader }: View): string => (reader === null && said) || why;

/** No refresh can bring what is asked. */
export function isBeyondReach({ freshness, refusedBy }: Held, { minimumTtl }: TokenRequest): boolean {
  return refusedBy === null && minimumTtl !== null && minimumTtl > freshness.maximumTtl && !freshness.isUsable;
}

function isAlive({ authorization }: Held, now: number): boolean {
  return authorization.expires_at === null || authorization.expires_at > now;
}

/** The most that can be asked, in seconds: of a new token where one can be had, else of the current one. */
function maximumTtlOf({ authorization, connector, freshness }: Held, now: number): number {
  const { expires_at: expiresAt } = authorization;
  return isRenewable({ authorization, connector }) || expiresAt === null ? freshness.maximumTtl : Math.floor((expiresAt - now) / 1000);
}

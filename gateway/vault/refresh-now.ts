import { connectorMisconfigured, notConnected, reconnectReasonOf, reconnectRequired, secretUnopened } from "../../schema/outcomes.ts";
import type { ConnectionActions, ConnectionRefresh } from "../../schema/upstream.ts";
import { getTokenKind } from "../providers/token-kinds.ts";
import { type Clock, orNullAt } from "../runtime/clock.ts";
import { type ConnectionStore, type StoredConnection, type StoredGrant, toConnection, type View } from "./connections.ts";
import type { Refresher } from "./refresh.ts";
import { forcedTooSoon, type RefreshProblem, stillRefreshing } from "./refresh-problem.ts";
import { isRenewable } from "./renewable.ts";
import { ofKind } from "./token-kinds.ts";

export interface RefreshNowDependencies {
  connections: ConnectionStore;
  refresher: Pick<Refresher, "refresh">;
  clock: Clock;
  metadataOf: View["metadataOf"];
  publicUrl: string;
  /** Longest that the answer is waited for, in milliseconds. The refresh goes on behind it. */
  requestDeadlineMs: number;
}

type Report = Omit<ConnectionRefresh, "connection">;

/** Refreshes because a server asks for it: under the lease, and as often as `rejected` may (rules 2, 4 and 8). */
export function createRefreshNow(dependencies: RefreshNowDependencies): ConnectionActions["refresh"] {
  const { connections, refresher, clock, metadataOf, publicUrl, requestDeadlineMs } = dependencies;
  const view: View = { clock, metadataOf, publicUrl, reader: null };

  async function refreshGrant(grant: StoredGrant): Promise<ConnectionRefresh> {
    const tooSoon = forcedTooSoon(grant.authorization, clock.now());
    if (tooSoon?.kind === "temporary" && grant.authorization.failures === 0)
      return { connection: toConnection(grant, view), ...stillFresh(grant, tooSoon.retryAfterSeconds) };
    const refreshing = refresher.refresh(grant, "rejected");
    // A caller that still waits is told of a failure.
    refreshing.catch(() => {});
    const outcome = await orNullAt(clock, clock.now() + requestDeadlineMs, refreshing);
    const current = outcome ? outcome.stored : grant;
    const report = judge(grant, current, outcome ? outcome.problem : stillRefreshing, view);
    return { connection: toConnection(current ?? grant, view), ...report };
  }

  return async function refreshNow(id, kind) {
    const own = await connections.read(id);
    if (!own) return null;
    if (own.connection.disabled_at !== null) return { connection: toConnection(own, view), ...disabled(own) };
    const stored = ofKind(own, kind === undefined ? null : getTokenKind(own.connector, kind).kind);
    if (!stored || !isGrant(stored)) return { connection: toConnection(own, view), ...disconnected(own, view) };
    const ended = endOf(stored, view);
    return ended ? { connection: toConnection(stored, view), ...ended } : refreshGrant(stored);
  };
}

const isGrant = (stored: StoredConnection): stored is StoredGrant => stored.connection.enabled === 1 && stored.authorization !== null;

/** Why nothing is asked of the provider; null where it can be. */
function endOf(grant: StoredGrant, view: View): Report | null {
  if (grant.authorization.status !== "active") return reconnect(grant, view);
  if (isRenewable(grant)) return null;
  const { name } = grant.connector;
  return toReport("not_refreshable", `The ${name} connection cannot refresh its token, and keeps the current one.`);
}

/** What a refresh has left behind. */
function judge(before: StoredGrant, current: StoredConnection | null, problem: RefreshProblem | null, view: View): Report {
  const { name } = before.connector;
  if (!current || !isGrant(current)) return disconnected(before, view);
  if (isRenewed(current, before)) return toReport("refreshed", `The ${name} connection has a new token.`);
  switch (problem?.kind) {
    case "revoked":
      return reconnect(current, view);
    case "client_changed":
      return toReport("reconnect_required", reconnectRequired(toConnection(current, view), "CLIENT_CHANGED").message);
    case "unopened":
      return toReport("connector_misconfigured", secretUnopened(name).message);
    case "misconfigured":
      return toReport("connector_misconfigured", connectorMisconfigured(name, problem.said ?? problem.why).message);
    case "temporary":
      return notNow(name, problem.said ?? problem.why, problem.retryAfterSeconds);
    default:
      return notNow(name, "another process is refreshing it", 1);
  }
}

/** Whether there are newer tokens, also of another grant: it may have been connected again meanwhile. */
const isRenewed = ({ authorization: current }: StoredGrant, { authorization: before }: StoredGrant): boolean =>
  current.status === "active" && (current.id !== before.id || current.version > before.version);

const toReport = (status: Report["status"], message: string): Report => ({ status, message, retryAfter: null });

const disconnected = ({ connector }: StoredConnection, { publicUrl }: View): Report =>
  toReport("not_connected", notConnected(connector.name, `${publicUrl}/connectors/${connector.slug}`).message);

const disabled = ({ connector }: StoredConnection): Report =>
  toReport("disabled", `The ${connector.name} connection is disabled: enable it first.`);

const reconnect = (grant: StoredGrant, view: View): Report =>
  toReport("reconnect_required", reconnectRequired(toConnection(grant, view), reconnectReasonOf(grant.authorization.error_code)).message);

const notNow = (name: string, why: string, retryAfter: number): Report => ({
  status: "temporarily_unavailable",
  message: `The ${name} token was not refreshed (${why}): try again in ${retryAfter} s.`,
  retryAfter,
});

const stillFresh = ({ connector }: StoredGrant, retryAfter: number): Report => ({
  status: "still_fresh",
  message: `The ${connector.name} token was refreshed on request less than 30 s ago: try again in ${retryAfter} s.`,
  retryAfter,
});

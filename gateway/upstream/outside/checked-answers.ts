import { GatewayError } from "../../../schema/errors.ts";
import { temporarilyUnavailable } from "../../../schema/outcomes.ts";
import type { Connection, ConnectionWhere, Owner, OwnerConnections } from "../../../schema/upstream.ts";
import type { Log } from "../../runtime/log.ts";
import { withTimeout } from "../../runtime/with-timeout.ts";

/** When to ask again after no answer, or one about something else, in seconds. */
const ASK_AGAIN_SECONDS = 2;

/** What an adapter holds of one owner. `deadlineMs`: longest that it may take for an answer. */
export interface Checked {
  owner: Owner;
  deadlineMs: number;
  log: Pick<Log, "warn">;
}

const unavailable = (why: string): GatewayError =>
  new GatewayError("UPSTREAM_UNAVAILABLE", `The holder of the connections ${why}.`, { retryAfter: ASK_AGAIN_SECONDS });

/** An adapter's answer. Throws UPSTREAM_UNAVAILABLE with `retryAfter` when none has come in time. */
export async function inTime<Answer>(deadlineMs: number, ask: () => Answer | Promise<Answer>): Promise<Answer> {
  const asking = Promise.resolve(ask()).then((answer) => ({ answer }));
  const answered = await withTimeout(asking, deadlineMs);
  if (!answered) throw unavailable(`did not answer within ${deadlineMs} ms`);
  return answered.answer;
}

/** The connection, which is this owner's and the one that `where` names. Throws UPSTREAM_UNAVAILABLE with `retryAfter` otherwise. */
export function assertAsked(connection: Connection, owner: Owner, where: ConnectionWhere | null): Connection {
  const isOwners = connection.owner.kind === owner.kind && connection.owner.id === owner.id;
  if (!isOwners || (where && !isAt(where, connection))) throw unavailable("answered about another connection than the requested one");
  return connection;
}

const isAt = ({ slug, id }: ConnectionWhere, connection: Connection): boolean =>
  slug === undefined ? connection.id === id : connection.connector.slug === slug;

/** The same connections, of which each answer comes in time, and is about the owner and the connection that were asked for. */
export const checkAnswers = (connections: OwnerConnections, { owner, deadlineMs, log }: Checked): OwnerConnections => ({
  async find(where) {
    const connection = await inTime(deadlineMs, () => connections.find(where));
    return connection && assertAsked(connection, owner, where);
  },
  async list(slug) {
    const listed = await inTime(deadlineMs, () => connections.list(slug));
    return listed.map((connection) => assertAsked(connection, owner, slug === null ? null : { slug }));
  },
  async accessToken(where, request) {
    try {
      const outcome = await inTime(deadlineMs, () => connections.accessToken(where, request));
      if ("connection" in outcome) assertAsked(outcome.connection, owner, where);
      return outcome;
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== "UPSTREAM_UNAVAILABLE" || error.facts.retryAfter === undefined) throw error;
      log.warn({ reason: error.message }, "adapter failed");
      return temporarilyUnavailable(where.slug ?? "This connection", error.facts.retryAfter, "it gave no answer");
    }
  },
});

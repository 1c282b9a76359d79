import { GatewayError, noSuchConnector } from "../../../schema/errors.ts";
import { connectorMisconfigured, minimumTtlUnavailable, notConnected, temporarilyUnavailable } from "../../../schema/outcomes.ts";
import type { AccessTokenOutcome, Connection, ConnectionWhere, Owner, TokenRequest, Viewer } from "../../../schema/upstream.ts";
import type { Clock } from "../../runtime/clock.ts";
import { findConnector } from "./catalog.ts";
import type { AbsentConnectionAnswer, ConnectionAnswer } from "./response-schemas.ts";
import type { Ask } from "./operation.ts";
import { toOutcome } from "./outcome.ts";
import { connectionFromAnswer, connectorFromAnswer, type Reader, statedOwnerOf } from "./from-wire.ts";
import type { TokenReading } from "../upstream.ts";
import { statusOf } from "../withhold.ts";

/** What a read of one connection with its token asks for (contract, "Tokens"). */
export type TokenQuery = Readonly<
  Record<"minimum_ttl" | "rejected" | "verify" | "kind" | "scopes" | "authorization_header", string | number | boolean | null>
>;

/** One connection with its token, and on whose behalf it was read. */
export interface ConnectionRead {
  /** Without an id where a known owner never connected. */
  answer: ConnectionAnswer | AbsentConnectionAnswer;
  /** Whose it is where the answer does not tell. */
  owner: Owner;
  by: Reader;
  /** Who the user was before and after; none where a server asks. */
  viewers: readonly Viewer[];
}

export type TokenReader = (
  /** Asks within the operation of the call. */
  ask: Ask,
  where: ConnectionWhere,
  request: TokenRequest,
  /** Asks the upstream, or says without asking for a token what the outcome is. */
  read: (query: TokenQuery) => Promise<ConnectionRead | TokenReading>,
) => Promise<TokenReading>;

/** Resolves "a token, please" over REST: each of the port's outcomes, from the answer or from the failure. */
export function createTokenReader({ clock, publicUrl }: { clock: Clock; publicUrl: string }): TokenReader {
  return async (ask, where, request, read) => {
    try {
      const found = await read(toQuery(request));
      if ("outcome" in found) return found;
      const { answer, owner, by, viewers } = found;
      return { outcome: outcomeOf(answer, owner, by, request), viewers };
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      return { outcome: await explain(error, ask, where), viewers: [] };
    }
  };

  function outcomeOf(answer: ConnectionRead["answer"], owner: Owner, by: Reader, request: TokenRequest): AccessTokenOutcome {
    if (answer.id != null) {
      const connection = connectionFromAnswer(answer, statedOwnerOf(answer) ?? owner, publicUrl, by);
      return toOutcome(answer, connection, request, clock.now());
    }
    const { name, connectorUrl } = connectorFromAnswer(answer.connector, publicUrl);
    return notConnected(name, connectorUrl);
  }

  async function explain(error: GatewayError, ask: Ask, where: ConnectionWhere): Promise<AccessTokenOutcome> {
    const { code, facts, message } = error;
    if (code === "NOT_FOUND") return explainAbsence(ask, where, publicUrl);
    if (code === "MINIMUM_TTL_UNAVAILABLE") return { ...minimumTtlUnavailable("", facts.maximumTtl ?? 0), message };
    if (code === "CONNECTOR_MISCONFIGURED") return { ...connectorMisconfigured("", ""), message };
    if (code === "TEMPORARILY_UNAVAILABLE") return { ...temporarilyUnavailable("", facts.retryAfter ?? 1, ""), message };
    if (code === "UPSTREAM_UNAVAILABLE" && facts.retryAfter !== undefined)
      return { ...temporarilyUnavailable("", facts.retryAfter, ""), message };
    throw error;
  }
}

const toQuery = ({ minimumTtl, rejected, verify, kind, scopes = [] }: TokenRequest): TokenQuery => ({
  minimum_ttl: minimumTtl,
  rejected,
  kind: kind ?? null,
  verify,
  scopes: scopes.length > 0 ? scopes.join(" ") : null,
  authorization_header: true,
});

/** What a member of a group is told of the connection that the group's list has, if it has one. */
export const statusForMember = async (
  ask: Ask,
  where: ConnectionWhere,
  listed: Connection | null,
  publicUrl: string,
): Promise<AccessTokenOutcome> => (listed ? statusOf(listed) : explainAbsence(ask, where, publicUrl));

/** Never connected. Throws NOT_FOUND for a connector that the catalog does not have. */
async function explainAbsence(ask: Ask, where: ConnectionWhere, publicUrl: string): Promise<AccessTokenOutcome> {
  if (where.slug === undefined) return notConnected("This connection", `${publicUrl}/`);
  const connector = await findConnector(ask, where.slug, publicUrl);
  if (connector) return notConnected(connector.name, connector.connectorUrl);
  throw noSuchConnector(where.slug);
}

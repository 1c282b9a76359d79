import type { Audit } from "../custody/audit.ts";
import { theGateway } from "../custody/audit-event.ts";
import type { TokenSet } from "../oauth/result.ts";
import { ownerOf, type StartedConnection, type StoredGrant } from "./connections.ts";
import { fingerprintOf } from "./sealed-columns.ts";

/** Where the vault records what it has done. */
export interface Audited {
  audit: Pick<Audit, "record">;
}

/** Where the rows are gone, their user may have been deleted, whom the audit must not make known again. */
const about = ({ connection, connector }: StoredGrant, isThere: boolean) => ({
  owner: isThere ? ownerOf(connection) : null,
  connectionId: connection.id,
  connector: connector.slug,
});

/** How a refresh has ended. */
interface RefreshEnd {
  outcome: string;
  /** What it brought; null for none. */
  tokens: Pick<TokenSet, "accessToken"> | null;
  /** Whether its connection is still in the store. */
  isThere: boolean;
}

/** Records how a refresh has ended. */
export function recordRefresh({ audit }: Audited, grant: StoredGrant, { outcome, tokens, isThere }: RefreshEnd): void {
  const fingerprint = tokens && fingerprintOf(tokens.accessToken);
  audit.record({ action: "token.refresh", actor: theGateway, ...about(grant, isThere), outcome, fingerprint });
}

/** How connecting has ended. */
interface ConnectEnd {
  failure: { code: string } | null;
  /** The connection that it serves. */
  connectionId?: string;
  /** Whether what was started is still in the store. */
  isThere: boolean;
}

/** Records how connecting has ended: with the connection that it serves, or why without. */
export function recordConnect({ audit }: Audited, started: StartedConnection, { failure, connectionId, isThere }: ConnectEnd): void {
  const userId = isThere ? started.authorization.started_by : null;
  audit.record({
    action: "connection.connect",
    actor: userId === null ? theGateway : { kind: "user", userId, sessionId: null },
    ...about(started, isThere),
    ...(connectionId !== undefined && { connectionId }),
    outcome: failure ? failure.code : "connected",
    from: started.from ?? null,
  });
}

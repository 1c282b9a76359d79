import type { Audit } from "../custody/audit.ts";
import { theGateway } from "../custody/audit-event.ts";
import type { TokenSet } from "../oauth/result.ts";
import { ownerOf, type StartedConnection, type StoredGrant } from "./connections.ts";
import { fingerprintOf } from "./sealed-columns.ts";

/** Where the vault records what it has done. */
export interface Audited {
  audit: Pick<Audit, "record">;
}

const about = ({ connection, connector }: StoredGrant) => ({
  owner: ownerOf(connection),
  connectionId: connection.id,
  connector: connector.slug,
});

/** Records how a refresh has ended. @param tokens what it brought; null for none. */
export function recordRefresh({ audit }: Audited, grant: StoredGrant, outcome: string, tokens: Pick<TokenSet, "accessToken"> | null): void {
  const fingerprint = tokens && fingerprintOf(tokens.accessToken);
  audit.record({ action: "token.refresh", actor: theGateway, ...about(grant), outcome, fingerprint });
}

/** Records how connecting has ended: with the connection that it serves, or why without. */
export function recordConnect(
  { audit }: Audited,
  started: StartedConnection,
  { failure, connectionId }: { failure: { code: string } | null; connectionId?: string },
): void {
  const userId = started.authorization.started_by;
  audit.record({
    action: "connection.connect",
    actor: userId === null ? theGateway : { kind: "user", userId, sessionId: null },
    ...about(started),
    ...(connectionId !== undefined && { connectionId }),
    outcome: failure ? failure.code : "connected",
    from: started.from ?? null,
  });
}

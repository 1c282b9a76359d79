import type { Connection, ConnectionActions, DeletedUser, ImportResult, MovedUser, PlatformAccess } from "../../../schema/upstream.ts";
import { redactProviderText } from "../../http/provider-text.ts";
import { asked } from "./asked.ts";
import { connectionFromAnswer, knownUserFromAnswer, statedOwnerOf } from "./from-wire.ts";
import type { PlatformOperation } from "./key-pair.ts";
import { orNull } from "./or-null.ts";
import { upstreamUnavailable } from "./refusal.ts";
import type { ConnectionAnswer } from "./response-schemas.ts";
import type { RestRequest } from "./rest-client.ts";

interface Dependencies {
  /** Begins an operation below `/api/platform`, with the key pair. */
  begin(this: void): PlatformOperation;
  publicUrl: string;
}

/** What servers do with connections, as the upstream does it. One that does not know the endpoints has no such connection. */
export function createConnectionActions({ begin, publicUrl }: Dependencies): ConnectionActions {
  const toConnection = (connection: ConnectionAnswer) => toOwned(connection, publicUrl);
  const change = async (method: RestRequest["method"], id: string, ...action: string[]): Promise<Connection | null> => {
    const request = { method, path: ["connection", id, ...action], credential: null };
    const answer = await orNull(begin().ask(request, asked.connection({ id })));
    return answer && toConnection(answer.body.connection);
  };
  return {
    disconnect: (id) => change("DELETE", id),
    disable: (id) => change("POST", id, "disable"),
    enable: (id) => change("POST", id, "enable"),
    async refresh(id, kind) {
      const body = kind === undefined ? {} : { kind };
      const request = { method: "POST" as const, path: ["connection", id, "refresh"], credential: null, body };
      const answer = await orNull(begin().ask(request, asked.refreshedConnection(id)));
      if (!answer) return null;
      const { connection, refresh } = answer.body;
      const message = redactProviderText(refresh.message, []) ?? "The upstream gives no details.";
      return { connection: toConnection(connection), status: refresh.status, message, retryAfter: refresh.retry_after ?? null };
    },
  };
}

/** What servers do with users whom the upstream alone knows. */
export function createUserActions({ begin, publicUrl }: Dependencies): Pick<PlatformAccess, "moveUser" | "revokeSessions" | "deleteUser"> {
  return {
    async moveUser(id, groupId): Promise<MovedUser | null> {
      const body = { external_group_id: groupId };
      const answer = await orNull(
        begin().ask({ method: "PUT", path: ["users", id, "group"], credential: null, body }, asked.movedUser(id)),
      );
      if (!answer) return null;
      const { user, previous_group_id: previousGroupId, connections } = answer.body;
      return {
        user: knownUserFromAnswer(user),
        previousGroupId,
        connections: connections.map(({ status, connection }) => ({ status, connection: toOwned(connection, publicUrl) })),
      };
    },
    async deleteUser(id): Promise<DeletedUser | null> {
      const answer = await orNull(begin().ask({ method: "DELETE", path: ["users", id], credential: null }, asked.deletedUser(id)));
      if (!answer) return null;
      const { connections, group_connections: kept } = answer.body;
      return { connections, groupConnections: kept.map(({ external_group_id: group, ...connection }) => ({ ...connection, group })) };
    },
    async revokeSessions(id) {
      const answer = await orNull(
        begin().ask({ method: "DELETE", path: ["users", id, "sessions"], credential: null }, asked.revokedSessions(id)),
      );
      return answer && { user: knownUserFromAnswer(answer.body.user), count: answer.body.count };
    },
  };
}

/** Imports into the upstream. */
export const createImporting =
  ({ begin }: Pick<Dependencies, "begin">): NonNullable<PlatformAccess["importConnections"]> =>
  async (connections, { isDryRun }) => {
    const request = {
      method: "POST" as const,
      path: ["connections", "import"],
      credential: null,
      body: { connections, ...(isDryRun && { dry_run: true }) },
    };
    const { body } = await begin().ask(request, asked.imports(connections.length));
    return body.results.map((result): ImportResult => ({
      status: result.status,
      importId: result.import_id,
      owner: result.owner && { kind: result.owner.kind, id: result.owner.external_id },
      connector: result.connector,
      connectionId: result.connection_id,
      messages: result.messages.map((message) => redactProviderText(message, []) ?? "The upstream gives no details."),
    }));
  };

/** Throws UPSTREAM_UNAVAILABLE where it is not stated whose it is. */
function toOwned(connection: ConnectionAnswer, publicUrl: string): Connection {
  const owner = statedOwnerOf(connection);
  if (!owner) throw upstreamUnavailable("does not say who owns a connection");
  return connectionFromAnswer(connection, owner, publicUrl, "server");
}

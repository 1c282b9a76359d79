import { forbidden } from "../../../schema/errors.ts";
import type { ConnectionWhere, Owner, OwnerConnections, PlatformAccess, ProvisionedUser } from "../../../schema/upstream.ts";
import type { RequestLimits } from "../../http/rate-limits.ts";
import type { Clock } from "../../runtime/clock.ts";
import { asked, isOwnedBy } from "./asked.ts";
import type { ReadEntries } from "./entries.ts";
import { expiryOf } from "./expiry.ts";
import { connectionFromAnswer, knownUserFromAnswer, type Reader } from "./from-wire.ts";
import type { PlatformOperation } from "./key-pair.ts";
import type { Ask } from "./operation.ts";
import { orNull } from "./or-null.ts";
import type { TokenReader } from "./read-token.ts";
import { answers, entrySchemas, type UserAnswer } from "./response-schemas.ts";
import type { RestRequest } from "./rest-client.ts";

export interface PlatformOptions {
  /** Begins an operation below `/api/platform`, with the key pair. */
  begin(this: void): PlatformOperation;
  publicUrl: string;
  clock: Clock;
  readToken: TokenReader;
  readEntries: ReadEntries;
}

/** The same for what a client at this address asks. */
export type PlatformFor = (clientAddress: RequestLimits["clientAddress"]) => PlatformOptions;

/** The Platform API below `/api/platform` (contract, "Server endpoints"). */
export function createPlatform(options: PlatformOptions): PlatformAccess {
  const { begin, clock } = options;
  return {
    async findUser(id) {
      const answer = await orNull(begin().ask(get(["users", id]), asked.user(id)));
      return answer && knownUserFromAnswer(answer.body.user);
    },
    async findGroup(id) {
      const answer = await orNull(begin().ask(get(["groups", id]), asked.group(id)));
      return answer && { id: answer.body.group.external_id };
    },
    connectionsOf: (owner) => connectionsOfOwner(options, owner, "server"),
    provisionUser: (user) => provisionUser(begin().ask, user, clock),
    async revokeUserTokens() {
      throw forbidden("Users of this gateway are signed in by its upstream: revoke their tokens there.");
    },
  };
}

/** Makes a user known, and a bearer of theirs. `ask` has the key pair. */
export async function provisionUser(
  ask: Ask,
  { id, groupId, name }: Parameters<PlatformAccess["provisionUser"]>[0],
  clock: Clock,
): Promise<ProvisionedUser> {
  const user = { external_id: id, ...(groupId !== undefined && { external_group_id: groupId }), ...(name !== undefined && { name }) };
  const { body } = await ask({ method: "POST", path: ["users"], credential: null, body: { user } }, asked.provisionedUser(id));
  return toProvisioned(body, { external_id: id, external_group_id: groupId ?? null, name: name ?? null }, clock.now());
}

/** The connections of an owner, read with the key pair in the words of `reader`. */
export function connectionsOfOwner(
  { begin, publicUrl, readToken, readEntries }: PlatformOptions,
  owner: Owner,
  reader: Reader,
): OwnerConnections {
  const base = [`${owner.kind}s`, owner.id];
  const pathOf = (where: ConnectionWhere) =>
    where.slug === undefined ? [...base, "connection", where.id] : [...base, "connections", where.slug];
  return {
    async find(where) {
      const answer = await orNull(begin().ask(get(pathOf(where), { access_token: "false" }), asked.connectionOf(owner, where)));
      const connection = answer?.body.connection;
      return connection?.id ? connectionFromAnswer(connection, owner, publicUrl, reader) : null;
    },
    async list(slug) {
      const answer = await orNull(begin().ask(get([...base, "connections"], { slug, include_disabled: "true" }), answers.connections));
      return readEntries("connection", answer?.body.connections ?? [], entrySchemas.connection)
        .filter((connection) => isOwnedBy(owner, connection) && (slug === null || connection.connector.slug === slug))
        .map((connection) => connectionFromAnswer(connection, owner, publicUrl, reader));
    },
    async accessToken(where, request) {
      const { ask, operation } = begin();
      const { outcome } = await readToken(operation.ask, where, request, async (query) => {
        const answer = (await ask(get(pathOf(where), query), asked.connectionOf(owner, where))).body.connection;
        return { answer, owner, by: reader, viewers: [] };
      });
      return outcome;
    },
  };
}

const get = (path: readonly string[], query: RestRequest["query"] = {}): RestRequest => ({ method: "GET", path, query, credential: null });

function toProvisioned(
  { access_token: token, expires_at, user }: { access_token: string; expires_at: Date | null; user?: UserAnswer | null | undefined },
  requested: UserAnswer,
  now: number,
): ProvisionedUser {
  return { user: knownUserFromAnswer(user ?? requested), token, expiresAt: expiryOf(token, expires_at, now) };
}

import { forbidden } from "../../../schema/errors.ts";
import type { Connection, ConnectionWhere, Owner, OwnerConnections, PlatformAccess, ProvisionedUser } from "../../../schema/upstream.ts";
import type { RequestLimits } from "../../http/rate-limits.ts";
import type { Clock } from "../../runtime/clock.ts";
import { asked, isOwnedBy, pickListed } from "./asked.ts";
import type { ReadEntries } from "./entries.ts";
import { expiryOf } from "./expiry.ts";
import { connectionFromAnswer, knownUserFromAnswer, type Reader } from "./from-wire.ts";
import type { PlatformOperation } from "./key-pair.ts";
import { createConnectionActions, createImporting, createUserActions } from "./platform-actions.ts";
import type { Ask } from "./operation.ts";
import { orNull } from "./or-null.ts";
import type { ConnectionRead, TokenQuery, TokenReader } from "./read-token.ts";
import { answers, entrySchemas, type UserAnswer } from "./response-schemas.ts";
import type { RestRequest } from "./rest-client.ts";
import type { UpstreamTraits } from "./traits.ts";

export interface PlatformOptions {
  /** Begins an operation below `/api/platform`, with the key pair. */
  begin(this: void): PlatformOperation;
  publicUrl: string;
  clock: Clock;
  readToken: TokenReader;
  readEntries: ReadEntries;
  traits: UpstreamTraits;
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
    ...createUserActions(options),
    connectionActions: createConnectionActions(options),
    importConnections: createImporting(options),
    async revokeUserTokens() {
      throw forbidden("This gateway's upstream signs its users in: revoke their tokens there.");
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
  { begin, publicUrl, readToken, readEntries, traits }: PlatformOptions,
  owner: Owner,
  reader: Reader,
): OwnerConnections {
  const base = [`${owner.kind}s`, owner.id];

  async function getOne(ask: Ask, where: ConnectionWhere, query: RestRequest["query"]): Promise<ConnectionRead["answer"]> {
    const last = where.slug === undefined ? ["connection", where.id] : ["connections", where.slug];
    return (await ask(get([...base, ...last], query), asked.connectionOf(owner, where))).body.connection;
  }

  async function getWithToken(ask: Ask, where: ConnectionWhere, query: TokenQuery): Promise<ConnectionRead> {
    const answer = await getOne(ask, where, query);
    if (answer.id != null) traits.noteToken(answer);
    return { answer, owner, by: reader, viewers: [] };
  }

  async function list(ask: Ask, slug: string | null): Promise<Connection[]> {
    const answer = await orNull(ask(get([...base, "connections"], { slug, include_disabled: "true" }), answers.connections));
    return readEntries("connection", answer?.body.connections ?? [], entrySchemas.connection)
      .filter((connection) => isOwnedBy(owner, connection) && (slug === null || connection.connector.slug === slug))
      .map((connection) => connectionFromAnswer(connection, owner, publicUrl, reader));
  }

  return {
    list: (slug) => list(begin().ask, slug),
    /** An upstream that may give a token all the same is asked for its list, which has none, and for what is not in it. */
    async find(where) {
      const { ask } = begin();
      const listed = traits.omitsTokens() ? null : pickListed(await list(ask, where.slug ?? null), where);
      if (listed) return listed;
      const connection = await orNull(getOne(ask, where, { access_token: "false" }));
      if (connection?.id == null) return null;
      traits.noteStatus(connection);
      return connectionFromAnswer(connection, owner, publicUrl, reader);
    },
    async accessToken(where, request) {
      const { ask, operation } = begin();
      const { outcome } = await readToken(operation.ask, where, request, (query) => getWithToken(ask, where, query));
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

import { forbidden, GatewayError } from "../../../schema/errors.ts";
import type { Catalog, Owner, OwnerConnections, PlatformAccess, ProvisionedUser } from "../../../schema/upstream.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import { answers, type UserAnswer } from "./response-schemas.ts";
import { createAccessTokens } from "./access-token.ts";
import { expiryOf } from "./expiry.ts";
import type { RelayedUsers, Upstream } from "../upstream.ts";
import { orNull } from "./or-null.ts";
import { createPolling } from "./polling.ts";
import { createRestClient, type RestRequest } from "./rest-client.ts";
import { statedOwnerOf, connectionFromAnswer, connectorFromAnswer, knownUserFromAnswer, platformFromAnswer } from "./from-wire.ts";
import { createRelayedUsers } from "./users.ts";

const USER_API = ["api", "platform_user"] as const;
const PLATFORM_API = ["api", "platform"] as const;

export interface XkitOptions {
  /** The upstream's origin. */
  url: string;
  /** Its key pair, for what servers ask; null where only users do. */
  keys: { publishable: string; secret: string } | null;
  /** Where this gateway is reached: paths to return to are its own. */
  publicUrl: string;
  /** Longest an answer may take, in milliseconds. */
  timeoutMs: number;
  clock: Clock;
  log: Log;
}

/** The adapter for an Xkit over REST: this gateway as another one serves it, or the closed service that it re-creates. */
export function createXkitUpstream(options: XkitOptions): Upstream & { users: RelayedUsers } {
  const { url, keys, clock } = options;
  const client = createRestClient(options);
  const polling = createPolling(clock);

  const catalog: Catalog = {
    async getPlatform() {
      const { body } = await client.ask({ method: "GET", path: [...USER_API, "platform"], credential: null }, answers.platform);
      return platformFromAnswer(body.platform);
    },
    async listConnectors() {
      const request = { method: "GET", path: [...USER_API, "platform", "connectors"], credential: null } as const;
      return (await client.ask(request, answers.connectors)).body.connectors.map((connector) => connectorFromAnswer(connector, url));
    },
    async findConnector(slug) {
      const request = { method: "GET", path: [...USER_API, "platform", "connectors", slug], credential: null } as const;
      const answer = await orNull(client.ask(request, answers.connector));
      return answer && connectorFromAnswer(answer.body.connector, url);
    },
  };
  const accessTokens = createAccessTokens({ catalog, clock, url });

  /** Asks with the key pair. That the upstream refuses it is this gateway's mistake, not its caller's. */
  const askAsPlatform: typeof client.ask = async (request, schema) => {
    if (!keys)
      throw forbidden(
        "This gateway has no key pair of its upstream: its operator has to set XKIT_UPSTREAM_PUBLISHABLE_KEY and XKIT_UPSTREAM_SECRET_KEY.",
      );
    const authorization = `Basic ${Buffer.from(`${keys.publishable}:${keys.secret}`).toString("base64")}`;
    try {
      return await client.ask({ ...request, path: [...PLATFORM_API, ...request.path], credential: { authorization } }, schema);
    } catch (error) {
      if (!(error instanceof GatewayError) || !["UNAUTHENTICATED", "FORBIDDEN"].includes(error.code)) throw error;
      throw new GatewayError(
        "UPSTREAM_UNAVAILABLE",
        "The upstream refuses this gateway's key pair: its operator has to correct XKIT_UPSTREAM_PUBLISHABLE_KEY and XKIT_UPSTREAM_SECRET_KEY.",
      );
    }
  };

  const get = (path: readonly string[], query: RestRequest["query"] = {}): RestRequest => ({
    method: "GET",
    path,
    query,
    credential: null,
  });

  function connectionsOf(owner: Owner): OwnerConnections {
    const base = [`${owner.kind}s`, owner.id];
    const pathOf = (where: { slug?: string; id?: string }) =>
      where.slug === undefined ? [...base, "connection", where.id ?? ""] : [...base, "connections", where.slug];
    return {
      async find(where) {
        const answer = await orNull(askAsPlatform(get(pathOf(where), { access_token: "false" }), answers.connectionOrNone));
        const connection = answer?.body.connection;
        return connection?.id ? connectionFromAnswer(connection, statedOwnerOf(connection) ?? owner, url, "server") : null;
      },
      async list(slug) {
        const answer = await orNull(askAsPlatform(get([...base, "connections"], { slug, include_disabled: "true" }), answers.connections));
        const connections = (answer?.body.connections ?? []).map((connection) =>
          connectionFromAnswer(connection, statedOwnerOf(connection) ?? owner, url, "server"),
        );
        return connections.filter(({ connector }) => slug === null || connector.slug === slug);
      },
      accessToken: (where, request) =>
        accessTokens(where, request, async (query) => {
          const answer = (await askAsPlatform(get(pathOf(where), query), answers.connectionOrNone)).body.connection;
          return { answer, owner, by: "server" };
        }),
    };
  }

  const platform: PlatformAccess = {
    async findUser(id) {
      const answer = await orNull(askAsPlatform(get(["users", id]), answers.user));
      return answer && knownUserFromAnswer(answer.body.user);
    },
    async findGroup(id) {
      const answer = await orNull(askAsPlatform(get(["groups", id]), answers.group));
      return answer && { id: answer.body.group.external_id };
    },
    connectionsOf,
    async provisionUser({ id, groupId, name }) {
      const user = { external_id: id, ...(groupId !== undefined && { external_group_id: groupId }), ...(name !== undefined && { name }) };
      const { body } = await askAsPlatform({ method: "POST", path: ["users"], credential: null, body: { user } }, answers.provisionedUser);
      return toProvisioned(body, { external_id: id, external_group_id: groupId ?? null, name: name ?? null }, clock.now());
    },
    async revokeUserTokens() {
      throw forbidden("Users of this gateway are signed in by its upstream: revoke their tokens there.");
    },
  };

  return {
    catalog,
    users: createRelayedUsers({ ...options, client, polling, accessTokens }),
    forPlatform: () => platform,
    vault: null,
    async check() {
      await catalog.getPlatform();
    },
    endSubscriptions: () => polling.end(),
    close: () => client.close(),
  };
}

function toProvisioned(
  { access_token: token, expires_at, user }: { access_token: string; expires_at: Date | null; user?: UserAnswer | null | undefined },
  asked: UserAnswer,
  now: number,
): ProvisionedUser {
  return { user: knownUserFromAnswer(user ?? asked), token, expiresAt: expiryOf(token, expires_at, now) };
}

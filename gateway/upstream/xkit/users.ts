import { LRUCache } from "lru-cache";
import { GatewayError } from "../../../schema/errors.ts";
import {
  type Connection,
  type ConnectionWhere,
  type Owner,
  ownerOfViewer,
  type Viewer,
  type ViewerConnections,
} from "../../../schema/upstream.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { AccessTokens } from "./access-token.ts";
import { answers, type ConnectionAnswer } from "./response-schemas.ts";
import { createBrowserLinks } from "./browser-link.ts";
import type { RelayedUsers } from "../upstream.ts";
import { orNull } from "./or-null.ts";
import type { Polling } from "./polling.ts";
import type { RestClient, RestRequest } from "./rest-client.ts";
import { createRelayedSessions } from "./sessions.ts";
import { statedOwnerOf, authorizationFromAnswer, connectionFromAnswer, viewerFromAnswer } from "./from-wire.ts";
import { createWatches } from "./watches.ts";

/** Started authorizations whose connector is remembered at most: the contract asks for it beside their id. */
const REMEMBERED_AUTHORIZATIONS = 10_000;
/** Ids and states come from the upstream and may be long: 2 Mi characters of them are kept. */
const REMEMBERED_CHARACTERS = 2_097_152;
/** Stands for a connector's slug where none is known. */
const ANY_SLUG = "any";

export interface RelayedUsersOptions {
  client: RestClient;
  url: string;
  publicUrl: string;
  clock: Clock;
  polling: Polling;
  accessTokens: AccessTokens;
}

/** The Platform User API below `/api/platform_user` (contract, "Browser endpoints"), on behalf of the bearer's user. */
export function createRelayedUsers({ client, url, publicUrl, clock, polling, accessTokens }: RelayedUsersOptions): RelayedUsers {
  /** Slugs by authorization and by state. */
  const slugs = new LRUCache<string, string>({
    max: REMEMBERED_AUTHORIZATIONS,
    maxSize: REMEMBERED_CHARACTERS,
    sizeCalculation: (slug, key) => slug.length + key.length + 1,
  });

  const ask: RestClient["ask"] = (request, schema) => client.ask({ ...request, path: ["api", "platform_user", ...request.path] }, schema);

  async function whoIs(bearer: string): Promise<Viewer> {
    const credential = { authorization: `Bearer ${bearer}` };
    const answer = await orNull(ask({ method: "GET", path: ["session"], credential }, answers.session));
    // Not a NOT_FOUND of ours: nothing that the caller named is missing.
    if (!answer) throw new GatewayError("UPSTREAM_UNAVAILABLE", "The upstream does not say whose the bearer is.");
    return viewerFromAnswer(answer.body.session.user);
  }

  const links = createBrowserLinks({ ask, url });

  function forBearer(bearer: string, viewer: () => Promise<Viewer>): ViewerConnections {
    const credential = { authorization: `Bearer ${bearer}` };
    const owner = async (): Promise<Owner> => ownerOfViewer(await viewer());
    const request = (method: RestRequest["method"], path: readonly string[], query: RestRequest["query"] = {}): RestRequest => ({
      method,
      path,
      query,
      credential,
    });

    async function find(where: ConnectionWhere): Promise<Connection | null> {
      const answer = await orNull(ask(request("GET", pathOf(where), { access_token: "false" }), answers.connection));
      return answer && withOwner(answer.body.connection);
    }

    async function list(slug: string | null, findOwner = owner): Promise<Connection[]> {
      const { connections } = (await ask(request("GET", ["connections"], { slug }), answers.connections)).body;
      const all = await Promise.all(connections.map((connection) => withOwner(connection, findOwner)));
      return all.filter(({ connector }) => slug === null || connector.slug === slug);
    }

    /** Only of a plain Xkit, which does not tell whose a connection is, the caller has to be known. */
    async function withOwner(connection: ConnectionAnswer, findOwner = owner): Promise<Connection> {
      return connectionFromAnswer(connection, statedOwnerOf(connection) ?? (await findOwner()), url, "user");
    }

    async function findAuthorization(id: string) {
      for (const slug of await slugsOf(id)) {
        const answer = await orNull(ask(request("GET", ["authorizations", slug, id]), answers.authorization));
        if (answer) return authorizationFromAnswer(answer.body.authorization, null, "user");
      }
      return null;
    }

    /** Where an authorization may be found: that of a connection here, of a reconnect that another process started anywhere. */
    async function slugsOf(id: string): Promise<string[]> {
      const known = slugs.get(id);
      return known ? [known] : [...new Set((await list(null)).map(({ connector }) => connector.slug))];
    }

    const connections: ViewerConnections = {
      find,
      list: (slug) => list(slug),
      /**
       * Three requests, one after the other: a user who was in a group before or after the token was read gets none, also where the answer
       * names another owner. Sent beside the read, the first would not see that a user has left the group since.
       */
      accessToken: (where, wanted) =>
        accessTokens(where, wanted, async (query) => {
          const before = await whoIs(bearer);
          const { connection: answer } = (await ask(request("GET", pathOf(where), query), answers.connection)).body;
          const after = await whoIs(bearer);
          return { answer, owner: ownerOfViewer(before.groupId === null ? after : before), by: "user" };
        }),
      async start(slug, { id, returnTo }) {
        const body = {
          ...(id !== null && { id }),
          ...(returnTo !== null && { return_to: new URL(returnTo, publicUrl).href }),
        };
        const answer = await ask({ ...request("POST", ["connections", slug]), body }, answers.connection);
        const { authorization } = answer.body.connection;
        const prototype = authorization?.authorizer?.prototype?.slug ?? slug;
        if (authorization) slugs.set(authorization.id, prototype);
        if (authorization?.state) slugs.set(authorization.state, prototype);
        const connection = await withOwner(answer.body.connection);
        return links.forBrowser(connection, prototype, credential, answer.setCookies);
      },
      async submit(state, fields) {
        const path = ["authorizations", slugs.get(state) ?? ANY_SLUG];
        const body = { ...Object.fromEntries(fields.map(({ name, value }) => [name, value])), state };
        return authorizationFromAnswer(
          (await ask({ ...request("PUT", path), body }, answers.authorization)).body.authorization,
          null,
          "user",
        );
      },
      async disconnect(where) {
        return withOwner((await ask(request("DELETE", pathOf(where)), answers.connection)).body.connection);
      },
      findAuthorization,
      ...createWatches({ polling, viewer: () => whoIs(bearer), list, findAuthorization }),
    };
    return connections;
  }

  return { knownHere: false, whoIs, forBearer, ...createRelayedSessions({ ask, whoIs, clock }) };
}

const pathOf = (where: ConnectionWhere): string[] => (where.slug === undefined ? ["connection", where.id] : ["connections", where.slug]);

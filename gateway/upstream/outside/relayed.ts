import { forbidden } from "../../../schema/errors.ts";
import type { KnownUser, Owner, OwnerConnections, PlatformAccess, Viewer, ViewerConnections } from "../../../schema/upstream.ts";
import { nullWhenRefused } from "../../http/failure.ts";
import type { StillAllowed } from "../../vault/watch.ts";
import { isSameUser } from "../same-user.ts";
import type { HeldConnections, TokenReading, UserRelay } from "../upstream.ts";
import { statusOf } from "../withhold.ts";
import type { RelayedUsers } from "./adapter.ts";
import { inTime } from "./checked-answers.ts";

/** A user whom the adapter knows, and whether the bearer is still theirs. */
export interface RelayedCaller {
  viewer: Viewer;
  stillAllowed: StillAllowed;
}

export interface RelayOptions {
  users: RelayedUsers;
  /** Longest that the adapter may take for an answer, in milliseconds. */
  deadlineMs: number;
  /** What the adapter has for a user, before anything is withheld. */
  connectionsOf(this: void, caller: RelayedCaller): ViewerConnections;
}

/** The users of an adapter that itself says who is asking. What a bearer's user has is asked for once it is known whose the bearer is. */
export function createOutsideRelay(options: RelayOptions, clientAddress: string | null = null): UserRelay {
  const { users, deadlineMs } = options;
  const client = { address: clientAddress };
  const answered = <Answer>(ask: () => Promise<Answer>) => inTime(deadlineMs, ask);
  const whoIs = (bearer: string) => answered(() => users.whoIs(bearer, client));
  return {
    origin: users.origin,
    from: (address) => createOutsideRelay(options, address),
    whoIs,
    forBearer: (bearer, viewer) => connectionsOfBearer(options, { viewer, whoIs: () => whoIs(bearer) }),
    login: (userToken) => answered(() => users.login(userToken, client)),
    refresh: (cookie) => answered(() => users.refresh(cookie, client)),
    logout: (cookie) => answered(() => users.logout(cookie, client)),
  };
}

interface Bearer {
  /** Whose it was when that was first asked. */
  viewer(this: void): Promise<Viewer>;
  /** Whose it is now. Throws UNAUTHENTICATED. */
  whoIs(this: void): Promise<Viewer>;
}

function connectionsOfBearer({ connectionsOf }: RelayOptions, { viewer, whoIs }: Bearer): HeldConnections {
  const stillAllowed = async () => isSameUser(await viewer(), await whoIs().catch(nullWhenRefused));
  const open = async () => connectionsOf({ viewer: await viewer(), stillAllowed });
  return {
    viewer: null,
    connections: {
      find: async (where) => (await open()).find(where),
      list: async (slug) => (await open()).list(slug),
      start: async (slug, wanted) => (await open()).start(slug, wanted),
      submit: async (state, fields) => (await open()).submit(state, fields),
      disconnect: async (where) => (await open()).disconnect(where),
      findAuthorization: async (id) => (await open()).findAuthorization(id),
      watch: async (slug) => (await open()).watch(slug),
      watchAuthorization: async (id) => (await open()).watchAuthorization(id),
    },
    /** Whose the bearer is, is asked before and after. For a member of a group no token is asked for where there is a connection. */
    async readToken(where, request): Promise<TokenReading> {
      const before = await whoIs();
      const connections = connectionsOf({ viewer: before, stillAllowed });
      const connection = before.groupId === null ? null : await connections.find(where);
      if (connection) return { outcome: statusOf(connection), viewers: [before] };
      const outcome = await connections.accessToken(where, request);
      return { outcome, viewers: [before, await whoIs()] };
    },
  };
}

const ELSEWHERE = "This gateway's upstream signs its users in";

/** What servers may do where the adapter knows the users. One that cannot look users up is taken to know every id. */
export function createOutsidePlatform(
  { findUser, findGroup }: Pick<RelayedUsers, "findUser" | "findGroup">,
  connectionsOf: (owner: Owner) => OwnerConnections,
): PlatformAccess {
  const anyUser = (id: string): Promise<KnownUser> => Promise.resolve({ id, groupId: null, name: null });
  return {
    findUser: (id) => (findUser ? findUser(id) : anyUser(id)),
    findGroup: (id) => (findGroup ? findGroup(id) : Promise.resolve({ id })),
    connectionsOf,
    provisionUser: () => Promise.reject(forbidden(`${ELSEWHERE}: create them there.`)),
    revokeUserTokens: () => Promise.reject(forbidden(`${ELSEWHERE}: revoke their tokens there.`)),
  };
}

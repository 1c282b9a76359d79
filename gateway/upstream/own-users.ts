import type { OwnerConnections, Owner, PlatformAccess, Viewer, ViewerConnections } from "../../schema/upstream.ts";
import type { Auth } from "../auth/index.ts";
import { requestWithBearer } from "../http/bearer-request.ts";
import { nullWhenRefused } from "../http/failure.ts";
import type { RequestLimits } from "../http/rate-limits.ts";
import type { VaultCaller } from "../vault/owner-connections.ts";
import { isSameUser } from "./same-user.ts";
import type { Caller, HeldConnections, OwnPages, UpstreamUsers } from "./upstream.ts";

type OwnAuth = Pick<Auth, "authenticate" | "signIn" | "users">;

/** A user whom this gateway knows: by a bearer, or by the cookie. */
interface KnownCaller {
  viewer: Viewer;
  /** The very token; null with the cookie. Kept as long as a subscription, because it may end before that. Never to be logged. */
  bearer: string | null;
}

/** Users whom this gateway's own auth knows; `forUser` is what they have at the upstream, before anything is withheld. */
export function createOwnUsers(
  auth: OwnAuth,
  forUser: (caller: VaultCaller & Pick<RequestLimits, "clientAddress">) => ViewerConnections,
): UpstreamUsers<HeldConnections> & Pick<OwnPages<HeldConnections>, "callerOf"> {
  function toCaller(known: KnownCaller, limits: RequestLimits): Caller<HeldConnections> {
    const { viewer } = known;
    const stillAllowed = async () => isSameUser(viewer, await findNow(auth, known));
    return {
      viewer: async () => viewer,
      admit: (action) => limits.admit(action, viewer.userId),
      stillAllowed,
      connectionsIn: (browser) => hold(viewer, forUser({ viewer, ...browser, stillAllowed, clientAddress: limits.clientAddress })),
    };
  }

  return {
    signIn: auth.signIn,
    defersAuthentication: false,
    async identify({ authenticate, limits }) {
      const principal = await authenticate();
      if (principal.kind !== "user") return principal;
      return { kind: "user", caller: toCaller({ viewer: principal.viewer, bearer: principal.credential }, limits) };
    },
    callerOf: (viewer, limits) => toCaller({ viewer, bearer: null }, limits),
  };
}

const hold = (viewer: Viewer, connections: ViewerConnections): HeldConnections => ({
  viewer,
  connections,
  readToken: async (where, request) => ({ outcome: await connections.accessToken(where, request), viewers: [viewer] }),
});

/** What servers may do where this gateway's own auth knows the users; `connectionsOf` is what an owner has at the upstream. */
export const createOwnPlatform = (
  { users, provisionUser }: Pick<Auth, "users" | "provisionUser">,
  connectionsOf: (owner: Owner) => OwnerConnections,
): PlatformAccess => ({
  findUser: users.find,
  findGroup: users.findGroup,
  connectionsOf,
  provisionUser,
  revokeUserTokens: users.revoke,
});

/** A bearer that expired, or lost its session or key, shows nothing more. */
async function findNow(auth: OwnAuth, { viewer, bearer }: KnownCaller): Promise<Viewer | null> {
  if (bearer !== null) {
    const principal = await auth.authenticate(requestWithBearer(bearer)).catch(nullWhenRefused);
    return principal?.kind === "user" ? principal.viewer : null;
  }
  const user = await auth.users.find(viewer.userId);
  return user && { userId: user.id, groupId: user.groupId, name: user.name };
}

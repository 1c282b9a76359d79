import { temporarilyUnavailable } from "../../schema/outcomes.ts";
import type {
  AccessTokenOutcome,
  ConnectionWhere,
  KnownUser,
  Owner,
  OwnerConnections,
  PlatformAccess,
  TokenRequest,
  Viewer,
  ViewerConnections,
} from "../../schema/upstream.ts";
import type { Auth } from "../auth/index.ts";
import type { AuditActor } from "../custody/audit-event.ts";
import { requestWithBearer } from "../http/bearer-request.ts";
import { nullWhenRefused } from "../http/failure.ts";
import type { Principal } from "../http/pipeline.ts";
import type { RequestLimits } from "../http/rate-limits.ts";
import type { BoundedClock } from "../store/store-clock.ts";
import { isJudgedStill, MOST_JUDGEMENTS } from "../vault/freshness.ts";
import type { VaultCaller } from "../vault/owner-connections.ts";
import { createMoveUser } from "./move-user.ts";
import { isSameUser } from "./same-user.ts";
import type { Browser, Caller, HeldConnections, OwnPages, Requester, TokenReading, UpstreamUsers } from "./upstream.ts";

/** Who is known here, how they are made known, and how their sessions end. */
export type OwnDirectory = Pick<Auth, "users" | "userLists" | "provisionUser"> & Record<"sessions" | "operators", EndsAll>;

type EndsAll = Pick<Auth["sessions"], "endAll">;

type OwnAuth = Pick<Auth, "authenticate" | "recall" | "signIn" | "users">;

/** A user whom this gateway knows: by a bearer, or by the cookie. */
interface KnownCaller {
  viewer: Viewer;
  /** The very token; null with the cookie. Kept as long as a subscription, because it may end before that. Never to be logged. */
  bearer: string | null;
  /** Null with the cookie, and with a bearer that is no session token of ours. */
  sessionId: string | null;
}

/** What is the same at each request of one credential. */
type Lasting = Pick<Caller<HeldConnections>, "viewer" | "actor" | "stillAllowed" | "shared"> & { known: KnownCaller; lookAgain: LookAgain };

/** Who the user is now: the same object where nothing has changed. Throws UNAUTHENTICATED once the bearer is no longer valid. */
type LookAgain = () => Viewer | Promise<Viewer>;

interface OwnUsersOptions {
  /** Whether what a user reads depends on nothing but the user, so that it is opened once for all requests of a credential. */
  sharesReads?: boolean;
  /** By which the life of tokens is judged again that were waited for. Left out: the upstream's are not. */
  clock?: Pick<BoundedClock, "latest">;
}

/** Users whom this gateway's own auth knows; `forUser` is what they have at the upstream, before anything is withheld. */
export function createOwnUsers(
  auth: OwnAuth,
  forUser: (caller: VaultCaller & Pick<Browser, "language"> & Pick<RequestLimits, "clientAddress">) => ViewerConnections,
  { sharesReads = false, clock }: OwnUsersOptions = {},
): UpstreamUsers<HeldConnections> & Pick<OwnPages<HeldConnections>, "callerOf"> {
  /** By the principal, which is the same object for as long as all that is known of the credential stays the same. */
  const lasting = new WeakMap<Principal, Lasting>();

  function createLasting(known: KnownCaller): Lasting {
    const { viewer, sessionId } = known;
    const actor: AuditActor = { kind: "user", userId: viewer.userId, sessionId };
    const stillAllowed = async () => isSameUser(viewer, await findNow(auth, known));
    const lookAgain = createLookAgain(auth, known);
    const shared = sharesReads
      ? hold(viewer, forUser({ viewer, ...noBrowser, stillAllowed, clientAddress: () => null }), lookAgain, clock)
      : null;
    return { known, viewer: async () => viewer, actor: () => actor, lookAgain, stillAllowed, shared };
  }

  function toCaller({ known, ...same }: Lasting, limits: RequestLimits): Caller<HeldConnections> {
    const { viewer } = known;
    return {
      viewer: same.viewer,
      actor: same.actor,
      admit: (action) => limits.admit(action, viewer.userId),
      stillAllowed: same.stillAllowed,
      connectionsIn: (browser) =>
        hold(
          viewer,
          forUser({ viewer, ...browser, stillAllowed: same.stillAllowed, clientAddress: limits.clientAddress }),
          same.lookAgain,
          clock,
        ),
      shared: same.shared,
    };
  }

  function toRequester(principal: Principal, limits: RequestLimits): Requester<HeldConnections> {
    if (principal.kind !== "user") return principal;
    const found =
      lasting.get(principal) ?? createLasting({ viewer: principal.viewer, bearer: principal.credential, sessionId: principal.sessionId });
    lasting.set(principal, found);
    return { kind: "user", caller: toCaller(found, limits) };
  }

  return {
    signIn: auth.signIn,
    defersAuthentication: false,
    hasTaken: () => false,
    identify({ request, authenticate, limits }) {
      const recalled = auth.recall(request);
      if (!recalled) return authenticate().then((principal) => toRequester(principal, limits));
      if (recalled.kind === "platform") limits.exemptAddress();
      return toRequester(recalled, limits);
    },
    callerOf: (viewer, limits) => toCaller(createLasting({ viewer, bearer: null, sessionId: null }), limits),
  };
}

/** For reads, which start nothing. */
const noBrowser: Browser = {
  bind() {
    throw new TypeError("A connection is started for the browser that sends the request.");
  },
  link: null,
};

/** A token may have been waited for: the user may be signed out by then, or in a group. Where that is waited for, its life goes on (rule 1). */
function hold(viewer: Viewer, connections: ViewerConnections, lookAgain: LookAgain, clock: OwnUsersOptions["clock"]): HeldConnections {
  const unchanged = [viewer];

  async function afterWaiting(
    outcome: AccessTokenOutcome,
    where: ConnectionWhere,
    request: TokenRequest,
    judged: number,
  ): Promise<TokenReading> {
    if (outcome.type !== "AccessToken") return { outcome, viewers: unchanged };
    const judgedAt = performance.now();
    const viewers = [viewer, await lookAgain()];
    if (!clock || isJudgedStill(outcome, request.minimumTtl, { judgedAt, now: clock.latest() })) return { outcome, viewers };
    if (judged < MOST_JUDGEMENTS) return afterWaiting(await connections.accessToken(where, request), where, request, judged + 1);
    const { name } = outcome.connection.connector;
    return { outcome: temporarilyUnavailable(name, 1, "this gateway's store is slow"), viewers: unchanged };
  }

  return {
    viewer,
    connections,
    readToken(where, request) {
      const asking = connections.accessToken(where, request);
      return asking instanceof Promise
        ? asking.then((outcome) => afterWaiting(outcome, where, request, 1))
        : { outcome: asking, viewers: unchanged };
    },
  };
}

/** With the cookie, whose pages show no token, nothing is looked up. */
function createLookAgain(auth: OwnAuth, { viewer, bearer }: KnownCaller): LookAgain {
  if (bearer === null) return () => viewer;
  let request: Request | undefined;
  return () => {
    request ??= requestWithBearer(bearer);
    const recalled = auth.recall(request);
    return recalled ? viewerOf(recalled) : auth.authenticate(request).then(viewerOf);
  };
}

function viewerOf(principal: Principal): Viewer {
  if (principal.kind !== "user") throw new TypeError("A bearer belongs to a user.");
  return principal.viewer;
}

/** What servers may do where this gateway's own auth knows the users; `connectionsOf` is what an owner has at the upstream. */
export const createOwnPlatform = (
  { users, userLists, sessions, operators, provisionUser }: OwnDirectory,
  connectionsOf: (owner: Owner) => OwnerConnections,
): PlatformAccess => ({
  ...userLists,
  findUser: users.find,
  findGroup: users.findGroup,
  connectionsOf,
  provisionUser,
  async revokeUserTokens(id) {
    const user = await users.revoke(id);
    const operating = await operators.endAll(id);
    return user ?? operatorAlone(id, operating);
  },
  moveUser: createMoveUser(users, connectionsOf),
  async revokeSessions(id) {
    const known = await users.find(id);
    const operating = await operators.endAll(id);
    const user = known ?? operatorAlone(id, operating);
    return user && { user, count: operating + (known ? await sessions.endAll(id) : 0) };
  },
});

/** Who was signed in at the operator's page by an issuer's JWT need not be one of the platform's users. Null where no session was ended. */
const operatorAlone = (id: string, ended: number): KnownUser | null => (ended > 0 ? { id, name: null, groupId: null } : null);

/** A bearer that expired, or lost its session or key, shows nothing more. */
async function findNow(auth: OwnAuth, { viewer, bearer }: KnownCaller): Promise<Viewer | null> {
  if (bearer !== null) {
    const principal = await auth.authenticate(requestWithBearer(bearer)).catch(nullWhenRefused);
    return principal?.kind === "user" ? principal.viewer : null;
  }
  const user = await auth.users.find(viewer.userId);
  return user && { userId: user.id, groupId: user.groupId, name: user.name };
}

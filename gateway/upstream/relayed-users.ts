import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { andThen } from "../../schema/promise-or-value.ts";
import type { Viewer } from "../../schema/upstream.ts";
import { nullWhenRefused } from "../http/failure.ts";
import { createRelayedSignIn, type RelayedSignInOptions } from "./relayed-sign-in.ts";
import { isSameUser } from "./same-user.ts";
import type { Caller, HeldConnections, UserRelay, UpstreamUsers } from "./upstream.ts";
import { boundedByCount } from "../runtime/bounded-by-count.ts";

/** A bearer that can be passed on. Any other is for `authenticate` to refuse. */
const bearerHeader = /^bearer +([\x21-\x2b\x2d-\x7e]{1,16384})$/i;

/** How many bearers are known as taken. They are kept as hashes. */
const TAKEN_BEARERS = 10_000;

const hashOf = (bearer: string): string => createHash("sha256").update(bearer).digest("base64url");

/** Users whom the upstream alone knows. API keys are this gateway's own. */
export function createRelayedUsers(options: RelayedSignInOptions): UpstreamUsers<HeldConnections> {
  const taken = new LRUCache<string, true>(boundedByCount(TAKEN_BEARERS));
  return {
    signIn: createRelayedSignIn(options),
    defersAuthentication: true,
    hasTaken: (bearer) => taken.has(hashOf(bearer)),
    async identify({ request, limits, authenticate }) {
      const bearer = bearerHeader.exec(request.headers.get("authorization") ?? "")?.[1];
      const noteTaken = () => void (bearer !== undefined && taken.set(hashOf(bearer), true));
      if (bearer !== undefined) return { kind: "user", caller: toCaller(options.relay.from(limits.clientAddress()), bearer, noteTaken) };
      const principal = await authenticate();
      if (principal.kind === "user") throw new TypeError("This upstream knows its users only by their bearers.");
      return principal;
    },
  };
}

/** Whose bearer it is, is asked at the first use, at most once, and kept no longer than the request or the socket. */
function toCaller({ whoIs, forBearer }: UserRelay, bearer: string, noteTaken: () => void): Caller<HeldConnections> {
  let asked: Promise<Viewer> | undefined;
  let userId: string | null = null;
  const askWho = async () => {
    const found = await noting(whoIs(bearer), noteTaken);
    userId = found.userId;
    return found;
  };
  const viewer = () => (asked ??= askWho());
  return {
    viewer,
    actor: () => ({ kind: "user", userId, sessionId: null }),
    // How often they may is the upstream's to say.
    admit: async () => {},
    stillAllowed: async () => isSameUser(await viewer(), await whoIs(bearer).catch(nullWhenRefused)),
    connectionsIn: ({ language }) => noteReads(forBearer(bearer, viewer, language), noteTaken),
    shared: null,
  };
}

/** What the upstream answers to a bearer it has taken. */
async function noting<Answer>(asking: Promise<Answer>, noteTaken: () => void): Promise<Answer> {
  const answer = await asking;
  noteTaken();
  return answer;
}

function noteReads(held: HeldConnections, noteTaken: () => void): HeldConnections {
  const { viewer, connections, readToken } = held;
  return {
    viewer,
    connections: {
      ...connections,
      find: (where) => noting(connections.find(where), noteTaken),
      list: (slug) => noting(connections.list(slug), noteTaken),
    },
    readToken: (where, request) =>
      andThen(readToken(where, request), (reading) => {
        if (reading.viewers.length > 0) noteTaken();
        return reading;
      }),
  };
}

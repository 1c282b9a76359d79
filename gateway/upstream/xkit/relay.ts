import { GatewayError } from "../../../schema/errors.ts";
import type { Viewer } from "../../../schema/upstream.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import { createSharedReads } from "../shared-reads.ts";
import type { UserRelay } from "../upstream.ts";
import { createBrowserLinks } from "./browser-link.ts";
import { connectionsOfBearer, type UserApi } from "./connections.ts";
import type { ReadEntries } from "./entries.ts";
import { viewerFromAnswer } from "./from-wire.ts";
import type { Ask, Begin, UpstreamOperation } from "./operation.ts";
import { orNull } from "./or-null.ts";
import type { TokenReader } from "./read-token.ts";
import { answers } from "./response-schemas.ts";
import { createRelayedSessions } from "./sessions.ts";
import { createStartedSlugs } from "./started-slugs.ts";
import type { UpstreamTraits } from "./traits.ts";
import type { Watching } from "./watches.ts";

export interface UserApiOptions {
  /** Where browsers reach the upstream. */
  origin: string;
  publicUrl: string;
  clock: Clock;
  watching: Watching;
  readToken: TokenReader;
  readEntries: ReadEntries;
  traits: UpstreamTraits;
}

/** Within an operation, the Platform User API below `/api/platform_user` (contract, "Browser endpoints"). */
export type ToUserApi = (operation: UpstreamOperation) => UserApi;

export function createUserApi(options: UserApiOptions): ToUserApi {
  const slugs = createStartedSlugs();
  const viewers = createSharedReads<Viewer | null>();
  return (operation) => {
    const ask: Ask = (request, schema) => operation.ask({ ...request, path: ["api", "platform_user", ...request.path] }, schema);
    const links = createBrowserLinks({ ...options, ask });
    return { ...options, slugs, viewers, ask, operation, links, whoIs: (bearer) => whoIs(ask, bearer) };
  };
}

export interface RelayOptions {
  begin: Begin;
  toUserApi: ToUserApi;
  /** Where browsers reach the upstream. */
  origin: string;
  clock: Clock;
  log: Pick<Log, "warn">;
}

/** The Platform User API on behalf of the bearer's user. */
export function createRelay({ begin, toUserApi, ...options }: RelayOptions): UserRelay {
  const from = (clientAddress: string | null): UserRelay => {
    /** Each call of the relay is an operation of its own. */
    const open = (): UserApi => toUserApi(begin({ clientAddress }));
    const sessions = () => createRelayedSessions({ ...options, ...open() });
    return {
      origin: options.origin,
      from,
      whoIs: (bearer) => open().whoIs(bearer),
      forBearer: (bearer, viewer, language) => connectionsOfBearer(open, bearer, viewer, language),
      login: (userToken) => sessions().login(userToken),
      refresh: (cookie) => sessions().refresh(cookie),
      logout: (cookie) => sessions().logout(cookie),
    };
  };
  return from(null);
}

async function whoIs(ask: Ask, bearer: string): Promise<Viewer> {
  const credential = { authorization: `Bearer ${bearer}` };
  const answer = await orNull(ask({ method: "GET", path: ["session"], credential }, answers.session));
  // Not a NOT_FOUND of ours: nothing that the caller named is missing.
  if (!answer?.body)
    throw new GatewayError(
      "UPSTREAM_UNAVAILABLE",
      "The upstream does not say whose the bearer is: with XKIT_UPSTREAM_USERS=ours this gateway has its own users.",
    );
  return viewerFromAnswer(answer.body);
}

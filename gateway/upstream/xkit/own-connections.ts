import { GatewayError } from "../../../schema/errors.ts";
import { connectorMisconfigured, temporarilyUnavailable } from "../../../schema/outcomes.ts";
import {
  type AccessTokenOutcome,
  type Connection,
  type OwnerConnections,
  ownerOfViewer,
  type Viewer,
  type ViewerConnections,
} from "../../../schema/upstream.ts";
import type { RequestLimits } from "../../http/rate-limits.ts";
import type { Clock } from "../../runtime/clock.ts";
import { keyOfViewer } from "../same-user.ts";
import type { Browser, Caller, HeldConnections } from "../upstream.ts";
import { pickListed } from "./asked.ts";
import { findConnector } from "./catalog.ts";
import { connectionsOfBearer } from "./connections.ts";
import { connectionsOfOwner, type PlatformFor, type PlatformOptions } from "./platform.ts";
import { statusForMember } from "./read-token.ts";
import { DEFAULT_RETRY_SECONDS, upstreamUnavailable } from "./refusal.ts";
import type { ToUserApi } from "./relay.ts";
import { createUserBearers, type UserBearers } from "./user-bearers.ts";
import type { Watching } from "./watches.ts";

export interface OwnConnectionsOptions {
  platformFor: PlatformFor;
  toUserApi: ToUserApi;
  watching: Watching;
  clock: Clock;
}

/** A user whom this gateway knows. */
export interface OwnCaller extends Pick<Caller, "stillAllowed">, Pick<Browser, "language">, Pick<RequestLimits, "clientAddress"> {
  viewer: Viewer;
}

/**
 * The connections of users whom this gateway knows, and the upstream by their ids alone. They are read with the key pair, and changed by a
 * bearer that the upstream makes for the user.
 */
export function createOwnConnections({ platformFor, toUserApi, watching, clock }: OwnConnectionsOptions) {
  const bearers = createUserBearers(clock);
  return (caller: OwnCaller): ViewerConnections => {
    const { viewer, language } = caller;
    const platform = platformFor(caller.clientAddress);
    const asUser = createAsUser({ platform, toUserApi, bearers, language }, viewer);
    const listAsUser: OwnerConnections["list"] = (slug) => asUser(bearers.renew, (connections) => connections.list(slug));
    const reads = viewer.groupId === null ? readsOfUser(platform, viewer) : readsOfMember(platform, viewer, listAsUser);
    const findAuthorization = (id: string) => asUser(bearers.get, (connections) => connections.findAuthorization(id));
    const stillAllowed = () => caller.stillAllowed();
    return {
      ...reads,
      start: (slug, wanted) => asUser(bearers.renew, (connections) => connections.start(slug, wanted)),
      submit: (state, fields) => asUser(bearers.renew, (connections) => connections.submit(state, fields)),
      disconnect: (where) => asUser(bearers.renew, (connections) => connections.disconnect(where)),
      findAuthorization,
      watch: (slug) => watching.watch({ key: keyOfViewer(viewer), read: () => reads.list(null), stillAllowed }, slug),
      watchAuthorization: (id) =>
        watching.watchAuthorization({ key: keyOfViewer(viewer, id), read: () => findAuthorization(id), stillAllowed }),
    };
  };
}

/** Does something by a bearer of the user, within one operation. */
type AsUser = <Answer>(
  bearerOf: UserBearers["get"],
  use: (connections: HeldConnections["connections"]) => Promise<Answer>,
) => Promise<Answer>;

interface AsUserDependencies {
  platform: PlatformOptions;
  toUserApi: ToUserApi;
  bearers: UserBearers;
  language: Browser["language"];
}

function createAsUser({ platform, toUserApi, bearers, language }: AsUserDependencies, viewer: Viewer): AsUser {
  return async (bearerOf, use) => {
    const { ask, operation } = platform.begin();
    const [open, known] = [() => toUserApi(operation), () => Promise.resolve(viewer)];
    const act = (bearer: string) => use(connectionsOfBearer(open, bearer, known, language).connections);
    const bearer = await bearerOf(ask, viewer);
    try {
      return await act(bearer);
    } catch (error) {
      if (!isSignedOut(error)) throw error;
    }
    // It was kept, and has been revoked since.
    try {
      return await act(await bearers.renew(ask, viewer));
    } catch (error) {
      // The user is signed in here.
      throw isSignedOut(error) ? upstreamUnavailable(BEARER_REFUSED, { retryAfter: DEFAULT_RETRY_SECONDS }) : error;
    }
  };
}

const BEARER_REFUSED = "refuses the bearer that it created for this user";

const isSignedOut = (error: unknown): boolean => error instanceof GatewayError && error.code === "UNAUTHENTICATED";

/** Reads with the key pair what is the user's own. */
function readsOfUser(platform: PlatformOptions, viewer: Viewer): OwnerConnections {
  const own = connectionsOfOwner(platform, ownerOfViewer(viewer), "user");
  return {
    ...own,
    async accessToken(where, request) {
      const outcome = await own.accessToken(where, request);
      const isMisconfigured = outcome.type === "ConnectorMisconfigured" && where.slug !== undefined;
      const connector = isMisconfigured ? await findConnector(platform.begin().operation.ask, where.slug, platform.publicUrl) : null;
      return forUsers(outcome, connector?.name ?? "The provider");
    },
  };
}

/** Reads with the key pair what is the group's: by its list, which never has tokens. */
function readsOfMember(platform: PlatformOptions, viewer: Viewer, listAsUser: OwnerConnections["list"]): OwnerConnections {
  const ofGroup = connectionsOfOwner(platform, ownerOfViewer(viewer), "user");

  async function list(slug: string | null): Promise<Connection[]> {
    const all = await ofGroup.list(slug);
    // Servers see the attempts of all members. Which of them are the user's own, the upstream tells the user alone.
    return all.some(isAttempt) ? listAsUser(slug) : all;
  }
  const find: OwnerConnections["find"] = async (where) => pickListed(await list(where.slug ?? null), where);

  return {
    list,
    find,
    async accessToken(where) {
      return statusForMember(platform.begin().operation.ask, where, await find(where), platform.publicUrl);
    },
  };
}

/** What was started and has not succeeded. */
const isAttempt = ({ enabled, authorization }: Connection): boolean => !enabled && authorization !== null;

/** For users, without what the provider said and without the fields that were typed, which servers are told. */
function forUsers(outcome: AccessTokenOutcome, name: string): AccessTokenOutcome {
  switch (outcome.type) {
    case "AccessToken":
      return { ...outcome, fields: null };
    case "TemporarilyUnavailable":
      return temporarilyUnavailable(name, outcome.retryAfter, "the upstream has no usable token");
    case "ConnectorMisconfigured":
      return connectorMisconfigured(name, "the provider refuses its token");
    default:
      return outcome;
  }
}

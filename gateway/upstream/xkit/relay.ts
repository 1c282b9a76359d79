import { GatewayError } from "../../../schema/errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { UserRelay } from "../upstream.ts";
import { createBrowserLinks } from "./browser-link.ts";
import { connectionsOfBearer } from "./connections.ts";
import { viewerFromAnswer } from "./from-wire.ts";
import { orNull } from "./or-null.ts";
import type { Polling } from "./polling.ts";
import type { TokenReader } from "./read-token.ts";
import { answers } from "./response-schemas.ts";
import type { RestClient } from "./rest-client.ts";
import { createRelayedSessions } from "./sessions.ts";
import { createStartedSlugs } from "./started-slugs.ts";

export interface RelayOptions {
  client: RestClient;
  url: string;
  publicUrl: string;
  clock: Clock;
  log: Pick<Log, "warn">;
  polling: Polling;
  readToken: TokenReader;
}

/** The Platform User API below `/api/platform_user` (contract, "Browser endpoints"), on behalf of the bearer's user. */
export function createRelay({ client, url, publicUrl, clock, log, polling, readToken }: RelayOptions): UserRelay {
  const ask: RestClient["ask"] = (request, schema) => client.ask({ ...request, path: ["api", "platform_user", ...request.path] }, schema);

  const whoIs: UserRelay["whoIs"] = async (bearer) => {
    const credential = { authorization: `Bearer ${bearer}` };
    const answer = await orNull(ask({ method: "GET", path: ["session"], credential }, answers.session));
    // Not a NOT_FOUND of ours: nothing that the caller named is missing.
    if (!answer?.body)
      throw new GatewayError(
        "UPSTREAM_UNAVAILABLE",
        "The upstream does not say whose the bearer is: with XKIT_UPSTREAM_USERS=ours this gateway has users of its own.",
      );
    return viewerFromAnswer(answer.body);
  };

  const api = {
    ask,
    whoIs,
    url,
    publicUrl,
    polling,
    readToken,
    links: createBrowserLinks({ ask, url, clock }),
    slugs: createStartedSlugs(),
  };
  return {
    whoIs,
    forBearer: (bearer, viewer) => connectionsOfBearer(api, bearer, viewer),
    ...createRelayedSessions({ ask, whoIs, clock, log }),
  };
}

import { badUserInput } from "../../schema/errors.ts";
import type { ViewerConnections } from "../../schema/upstream.ts";
import type { OriginCheck } from "../http/web-origin.ts";
import type { SubscriptionLimit } from "../runtime/subscription-limit.ts";
import type { Caller } from "./upstream.ts";

export interface Guards {
  origins: Pick<OriginCheck, "isValidReturnTo">;
  limit: SubscriptionLimit;
}

const WRONG_RETURN_TO =
  "returnTo: must be a path of this gateway that starts with one /, or a URL of one of the platform's web origins, such as https://app.example.com/settings. It must not be an address of this gateway at which opening it connects or signs in.";

/** The same connections, within what this gateway allows: where a browser is sent back to, how often a user connects, how much they watch. */
export function guard(
  connections: ViewerConnections,
  { viewer, admit }: Pick<Caller, "viewer" | "admit">,
  { origins, limit }: Guards,
): ViewerConnections {
  const findUser = async () => (await viewer()).userId;
  return {
    ...connections,
    watch: async (slug) => limit(await findUser(), () => connections.watch(slug)),
    watchAuthorization: async (id) => limit(await findUser(), () => connections.watchAuthorization(id)),
    async start(slug, options) {
      if (options.returnTo !== null && !origins.isValidReturnTo(options.returnTo)) throw badUserInput(WRONG_RETURN_TO, "returnTo");
      await admit("connect");
      return connections.start(slug, options);
    },
  };
}

import type { Viewer } from "../../schema/upstream.ts";
import { nullWhenRefused } from "../http/failure.ts";
import { createRelayedSignIn, type RelayedSignInOptions } from "./relayed-sign-in.ts";
import { isSameUser } from "./same-user.ts";
import type { Caller, HeldConnections, UserRelay, UpstreamUsers } from "./upstream.ts";

/** A bearer that can be passed on. Any other is for `authenticate` to refuse. */
const bearerHeader = /^bearer +([\x21-\x2b\x2d-\x7e]{1,16384})$/i;

/** Users whom the upstream alone knows. API keys are this gateway's own. */
export function createRelayedUsers(options: RelayedSignInOptions): UpstreamUsers<HeldConnections> {
  return {
    signIn: createRelayedSignIn(options),
    defersAuthentication: true,
    async identify({ request, limits, authenticate }) {
      const bearer = bearerHeader.exec(request.headers.get("authorization") ?? "")?.[1];
      if (bearer !== undefined) return { kind: "user", caller: toCaller(options.relay.from(limits.clientAddress()), bearer) };
      const principal = await authenticate();
      if (principal.kind === "user") throw new TypeError("Users of this upstream are known by their bearers alone.");
      return principal;
    },
  };
}

/** Whose bearer it is, is asked at the first use, at most once, and kept no longer than the request or the socket. */
function toCaller({ whoIs, forBearer }: UserRelay, bearer: string): Caller<HeldConnections> {
  let asked: Promise<Viewer> | undefined;
  const viewer = () => (asked ??= whoIs(bearer));
  return {
    viewer,
    // How often they may is the upstream's to say.
    admit: async () => {},
    stillAllowed: async () => isSameUser(await viewer(), await whoIs(bearer).catch(nullWhenRefused)),
    connectionsIn: () => forBearer(bearer, viewer),
    shared: null,
  };
}

import type { Peer } from "./peer.ts";
import type { Exchange, Principal, Surface } from "./pipeline.ts";
import type { RequestLimits } from "./rate-limits.ts";
import { requestIdOf } from "./request-id.ts";

interface Dependencies {
  /** As `Authenticator.authenticate`. */
  authenticate(this: void, request: Request): Promise<Principal>;
  limitsOf(this: void, peer: Peer | null, headers: Headers): RequestLimits;
  surfaceOf(this: void, pathname: string): Surface;
}

/** Begins the exchange of a request. */
export function createExchange({ authenticate, limitsOf, surfaceOf }: Dependencies, request: Request, peer: Peer | null): Exchange {
  const pathname = pathnameOf(request.url);
  const limits = limitsOf(peer, request.headers);
  let principal: Promise<Principal> | undefined;
  return {
    request,
    pathname,
    requestId: requestIdOf(request.headers),
    peer,
    surface: surfaceOf(pathname),
    limits,
    startedAt: performance.now(),
    authenticate: () => (principal ??= countCredential(authenticate(request), limits)),
  };
}

/** As `new URL(url).pathname`, of the address of a request, which is absolute and normalized. */
function pathnameOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + "://".length);
  const end = url.slice(start).search(/[?#]/);
  return end < 0 ? url.slice(start) : url.slice(start, start + end);
}

async function countCredential(authenticating: Promise<Principal>, limits: RequestLimits): Promise<Principal> {
  try {
    const principal = await authenticating;
    if (principal.kind === "platform") limits.exemptAddress();
    return principal;
  } catch (error) {
    await limits.countRefusal(error);
    throw error;
  }
}

import type { Viewer } from "../../schema/upstream.ts";
import type { Failure } from "./failure.ts";
import type { PlainAnswer } from "./plain-answer.ts";
import type { RequestLimits } from "./rate-limits.ts";
import type { Peer } from "./peer.ts";

/** Who a request is authenticated as. */
export type Principal =
  | { kind: "anonymous" }
  | {
      kind: "user";
      viewer: Viewer;
      /** The session of a session token of ours; null with any other bearer. */
      sessionId: string | null;
      /** The bearer token itself, for an upstream that must see it. Never to be logged. */
      credential: string;
    }
  | { kind: "platform"; keyId: string };

/** How one part of the gateway speaks HTTP: what pages of other origins may send to it, and how it writes a failure. */
export interface Surface {
  /** What a preflight allows; null where no other origin may ask. */
  readonly cors: { readonly methods: string; readonly headers: string } | null;
  /** The `WWW-Authenticate` of a 401 (RFC 9110 section 11.6.1); null for none. */
  readonly challenge: string | null;
  /** The JSON body of a failure. */
  toBody(failure: Failure): object;
  /** The page of a failure, for who accepts HTML; left out where no person looks. */
  toPage?(request: Request, failure: Failure, headers: Record<string, string>): Promise<Response>;
}

/** A request on its way through the pipeline. */
export interface Exchange {
  /** Replaced by the body limit where it has read the body. */
  request: Request;
  readonly pathname: string;
  /** Null where the request came over no socket. */
  readonly peer: Peer | null;
  readonly surface: Surface;
  readonly limits: RequestLimits;
  /**
   * The principal: the first call authenticates, later calls share the answer.
   * Throws UNAUTHENTICATED, FORBIDDEN and TEMPORARILY_UNAVAILABLE, as `Authenticator.authenticate` does.
   */
  authenticate(this: void): Promise<Principal>;
}

/** How hono hands an exchange to the routes: as `env`. */
export interface Routed {
  Bindings: Exchange;
}

export type Answer = Response | PlainAnswer;

export type Handler = (exchange: Exchange) => Promise<Answer>;

/** Answers by itself, or asks the next handler and may add to its answer. */
export type Step = (next: Handler) => Handler;

/** Joins steps in front of a handler. The first step is the outermost. */
export const createPipeline = (steps: readonly Step[], handler: Handler): Handler => steps.reduceRight((next, step) => step(next), handler);

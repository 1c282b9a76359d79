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
  /** What the log, the audit and the answer call it. */
  readonly requestId: string;
  /** Null where the request came over no socket. */
  readonly peer: Peer | null;
  readonly surface: Surface;
  readonly limits: RequestLimits;
  /** When it began, by `performance.now()`. */
  readonly startedAt: number;
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

/** One part of the way in. It looks at requests before the handler does, at answers after it, or at both. */
export interface Step {
  /** Answers in the handler's place, or null. Not async where it need not be: every request waits for it. */
  before?(this: void, exchange: Exchange): Promise<Answer | null> | null;
  /** Adds to every answer. */
  after?(this: void, exchange: Exchange, answer: Answer): void;
}

/**
 * Joins steps around a handler. The first step is the outermost: its `before` comes first, and its `after` last.
 * @param mask answers what a `before` or the handler throws.
 * @param send turns an answer into what is sent, when nothing is added any more.
 */
export function createPipeline(
  steps: readonly Step[],
  handler: Handler,
  mask: (exchange: Exchange, error: unknown) => Promise<Answer>,
  send: (exchange: Exchange, answer: Answer) => Response | Promise<Response>,
): (exchange: Exchange) => Promise<Response> {
  const befores = steps.flatMap(({ before }) => before ?? []);
  const afters = steps.flatMap(({ after }) => after ?? []).toReversed();

  return async (exchange) => {
    let answer: Answer | null = null;
    try {
      for (const before of befores) {
        const early = before(exchange);
        answer = early && (await early);
        if (answer) break;
      }
      answer ??= await handler(exchange);
    } catch (error) {
      answer = await mask(exchange, error);
    }
    for (const after of afters) after(exchange, answer);
    return send(exchange, answer);
  };
}

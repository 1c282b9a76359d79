import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { isTemporary, LONGEST_WAIT_MS, pause, waitMs } from "./backoff.ts";
import { UnauthenticatedError, XkitError, xkitError } from "./errors.ts";
import { assertSameViewer } from "../session/send-in-session.ts";
import type { Session } from "../session/session.ts";
import type { Transport } from "./transport.ts";
import type { Viewer } from "./types.ts";

export interface Follower<Data> {
  onData: (data: Data) => void;
  /** The stream is there again after a break. What happened in between is unknown. */
  onBack?: () => void;
  /** Comes back after a stream that the gateway completed, too. Default: false. */
  isEndless?: boolean;
}

export type Follow = <Data, Variables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  follower: Follower<Data>,
  signal: AbortSignal,
) => Promise<void>;

/** A subscription, over all its streams. */
interface Following<Data, Variables> {
  readonly document: TypedDocumentNode<Data, Variables>;
  readonly variables: Variables;
  readonly follower: Follower<Data>;
  readonly signal: AbortSignal;
  startedBy: Viewer | null | undefined;
  /** Whether there was a stream before this one. */
  isBack: boolean;
  /** Whether the gateway has just refused the session token. */
  isRefused: boolean;
  /** In a row. */
  failures: number;
  /** The last answer, as JSON. */
  last: string;
}

/**
 * Follows a subscription until the gateway completes it or the signal aborts. A stream that breaks, or ends with its session token, is
 * asked for again; what its new beginning repeats is not told again.
 * Throws XkitError for what waiting does not mend: UNAUTHENTICATED also when another user is signed in by then.
 */
export function createFollow(session: Session, transport: Transport): Follow {
  async function authorize<Data, Variables>(following: Following<Data, Variables>): Promise<string | null> {
    if (following.isRefused || session.stale) await renew(session);
    const { viewer, authorization } = session;
    assertSameViewer(session, following.startedBy);
    following.startedBy = viewer;
    return authorization;
  }

  /** One stream. Resolves to whether the session token ended it. */
  async function listen<Data, Variables>(following: Following<Data, Variables>): Promise<boolean> {
    const { follower, signal, isBack } = following;
    const authorization = await authorize(following);
    const onOpen = () => {
      following.isRefused = false;
      if (isBack && !signal.aborted) follower.onBack?.();
    };
    let mayRepeat = isBack;
    for await (const data of transport.listen({ ...following, authorization, onOpen })) {
      if (signal.aborted) return false;
      const text = JSON.stringify(data);
      const isRepeated = mayRepeat && text === following.last && beginsWithState(data);
      mayRepeat = false;
      following.failures = 0;
      following.last = text;
      if (!isRepeated) follower.onData(data);
    }
    return session.authorization !== authorization || session.stale;
  }

  /** How long to wait after a failure. Throws it when waiting does not mend it. */
  function waitAfter<Data, Variables>(following: Following<Data, Variables>, failure: unknown): number {
    const isRefusedFirst = failure instanceof UnauthenticatedError && session.token !== null && !following.isRefused;
    if (!isRefusedFirst && !isTemporary(failure)) throw failure;
    following.isRefused = isRefusedFirst;
    return isRefusedFirst ? 0 : waitMs(following.failures++, failure);
  }

  return async (document, variables, follower, signal) => {
    const none = { isBack: false, isRefused: false, failures: 0, last: "" };
    const following = { document, variables, follower, signal, startedBy: session.viewer, ...none };
    while (!signal.aborted) {
      const startedAt = Date.now();
      let wait = 0;
      try {
        const isExpired = await listen(following);
        if (!isExpired && !follower.isEndless) return;
        if (Date.now() - startedAt > LONGEST_WAIT_MS) following.failures = 0;
        if (!isExpired) wait = waitMs(following.failures++, null);
      } catch (error) {
        if (signal.aborted) return;
        if (Date.now() - startedAt > LONGEST_WAIT_MS) following.failures = 0;
        wait = waitAfter(following, error);
      }
      following.isBack = true;
      await pause(wait, signal);
    }
  };
}

async function renew(session: Session): Promise<void> {
  try {
    await session.renew();
  } catch (error) {
    // What the page's own callback throws may be over in a moment, too.
    throw error instanceof XkitError ? error : xkitError("NETWORK", "No user token came.", { networkError: new Error(String(error)) });
  }
}

/** Such a stream begins with the current state, each time that it is asked for. */
const beginsWithState = (data: unknown): boolean => typeof data === "object" && data !== null && "authorizationStatus" in data;

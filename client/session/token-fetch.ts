import type { AccessTokens } from "./access-tokens.ts";
import { sendWithToken, type XkitRequestInit } from "./api-request.ts";
import { NoAccessTokenError } from "../api/errors.ts";
import type { Session } from "./session.ts";
import { type AccessToken, type AccessTokenResult, isAccessToken } from "../api/types.ts";
import type { ConnectionName } from "../api/where.ts";

/** Whether a body can be sent a second time. A stream cannot; the body of a Request can, by cloning it first. */
const isReplayable = (body: unknown) => !(body instanceof ReadableStream || (body instanceof Object && Symbol.asyncIterator in body));

/** Waits no longer than the caller does. The awaited work goes on: others may wait for it too. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal | null): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function getToken(outcome: AccessTokenResult): AccessToken {
  if (!isAccessToken(outcome)) throw new NoAccessTokenError(outcome);
  return outcome;
}

/** Creates `xkit.fetch`, whose behaviour is documented at `Xkit`. */
export function createTokenFetch(tokens: Pick<AccessTokens, "get" | "reject">, session: Pick<Session, "fetch" | "viewer">) {
  return async (name: ConnectionName, input: string | URL | Request, init?: XkitRequestInit): Promise<Response> => {
    const { fetch } = session;
    const signal = init?.signal ?? (input instanceof Request ? input.signal : null);
    // A refused token is noticed here: nothing need be checked.
    const ask = () => orAborted(tokens.get(name, { verify: false, kind: init?.kind }), signal);
    const token = getToken(await ask());
    const { viewer } = session;
    const response = await sendWithToken(fetch, token, input, init);
    if (response.status !== 401) return response;
    tokens.reject(name, token.fingerprint, init?.kind);
    if (!isReplayable(init?.body)) return response;
    const outcome = await ask();
    // The body was one user's: it is not sent with another's token.
    if (session.viewer?.id !== viewer?.id) return response;
    if (isAccessToken(outcome) && outcome.fingerprint === token.fingerprint) return response;
    await response.body?.cancel();
    return sendWithToken(fetch, getToken(outcome), input, init);
  };
}

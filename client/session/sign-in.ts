import { ForbiddenError, UnauthenticatedError } from "../api/errors.ts";
import type { Transport } from "../api/transport.ts";
import type { TokenCallback } from "../api/types.ts";
import { LoginDocument, RefreshSessionDocument, type SessionPartsFragment } from "../generated/graphql.ts";

/** What the page gave to sign its user in. */
export interface UserTokens {
  /** Is asked for a user token each time. */
  callback: TokenCallback | undefined;
  /** A user token that serves until the gateway refuses it. */
  held: string | null;
}

export function remember(userTokens: UserTokens, first: string | TokenCallback, later: TokenCallback | undefined): void {
  const isToken = typeof first === "string";
  userTokens.callback = later ?? (isToken ? undefined : first);
  userTokens.held = isToken ? first : null;
}

export function forget(userTokens: UserTokens): void {
  userTokens.callback = undefined;
  userTokens.held = null;
}

/** Signs in by a user token. Throws when the gateway refuses it. */
export const login = async (transport: Transport, token: string): Promise<SessionPartsFragment> =>
  (await transport.request(LoginDocument, { token })).login;

/**
 * Resumes the session of the page's user: null when no user is signed in. The cookie is the browser's, and may be of another user who was
 * here before, or in another tab: it serves a page that knows its user for that one alone.
 */
export async function resume(
  transport: Transport,
  userTokens: UserTokens,
  known: SessionPartsFragment | null | undefined,
): Promise<SessionPartsFragment | null> {
  if (known === undefined && userTokens.callback) return login(transport, await userTokens.callback());
  const resumed = await resumeByCookie(transport);
  if (resumed && resumed.viewer.id === known?.viewer.id) return resumed;
  // A logout may have come in the meantime.
  if (userTokens.callback) return login(transport, await userTokens.callback());
  if (userTokens.held === null) return resumed;
  try {
    return await login(transport, userTokens.held);
  } catch (error) {
    if (!(error instanceof UnauthenticatedError)) throw error;
    userTokens.held = null;
    return null;
  }
}

async function resumeByCookie(transport: Transport): Promise<SessionPartsFragment | null> {
  try {
    return (await transport.request(RefreshSessionDocument, {})).refreshSession;
  } catch (error) {
    if (!(error instanceof UnauthenticatedError || error instanceof ForbiddenError)) throw error;
    return null;
  }
}

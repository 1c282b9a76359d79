import { xkitError } from "../api/errors.ts";
import type { Send } from "../api/transport.ts";
import type { Viewer } from "../api/types.ts";
import type { Session } from "./session.ts";

/** What was started as one user is not finished as another. Throws UNAUTHENTICATED then. */
export function assertSameViewer(session: Session, startedBy: Viewer | null | undefined): void {
  if (startedBy && session.viewer?.id !== startedBy.id) throw xkitError("UNAUTHENTICATED", "Another user has signed in: ask again.");
}

/**
 * Sends a request with the session's token. A session that has ended is renewed first. When the gateway refuses the token, the session is
 * renewed and the request is sent once more. Throws UNAUTHENTICATED when another user is signed in by then, and what renewing throws.
 */
export async function sendInSession(session: Session, send: Send): Promise<Response> {
  const { viewer } = session;
  if (session.stale) await session.renew();
  assertSameViewer(session, viewer);
  const { authorization } = session;
  const response = await send(authorization);
  if (response.status !== 401 || !session.token) return response;
  await response.body?.cancel();
  if (session.authorization === authorization) await session.renew();
  assertSameViewer(session, viewer);
  return send(session.authorization);
}

import { sendInSession } from "../session/send-in-session.ts";
import type { Session } from "../session/session.ts";
import { createFollow, type Follow } from "./follow.ts";
import { createTransport, type Transport } from "./transport.ts";

/** The gateway, asked in the name of the session. */
export interface Api {
  /** Throws XkitError: UNAUTHENTICATED also when another user has signed in while the session was renewed. */
  request: Transport["request"];
  /** A subscription, over breaks of its stream. */
  follow: Follow;
}

export function createApi(session: Session): Api {
  const transport = createTransport(session.url, session.fetch, {
    inSession: (send) => sendInSession(session, send),
    findLocale: () => session.locale,
  });
  return { request: transport.request, follow: createFollow(session, transport) };
}

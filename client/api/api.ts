import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { UnauthenticatedError, xkitError } from "./errors.ts";
import { createFollow, type Follow } from "./follow.ts";
import type { Session } from "../session/session.ts";
import { createTransport } from "./transport.ts";
import type { Viewer } from "./types.ts";

/** The gateway, asked in the name of the session. */
export interface Api {
  /** Throws XkitError. A session that has ended is renewed once; UNAUTHENTICATED when somebody else is signed in then. */
  request<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data>;
  /** A subscription, over breaks of its stream. */
  follow: Follow;
}

export function createApi(session: Session): Api {
  const transport = createTransport(session.url, session.fetch);

  /** What was started as one user is not finished as another. */
  function assertStill(startedBy: Viewer | null | undefined): void {
    if (startedBy && session.viewer?.id !== startedBy.id)
      throw xkitError("UNAUTHENTICATED", "Somebody else is signed in by now: ask again if that is still wanted.");
  }

  async function renewAs(startedBy: Viewer | null | undefined): Promise<void> {
    await session.renew();
    assertStill(startedBy);
  }

  return {
    async request(document, variables) {
      const { viewer } = session;
      if (session.stale) await renewAs(viewer);
      const { authorization } = session;
      try {
        return await transport.request({ document, variables, authorization });
      } catch (error) {
        if (!(error instanceof UnauthenticatedError) || !session.token) throw error;
        if (session.authorization === authorization) await renewAs(viewer);
        else assertStill(viewer);
        return transport.request({ document, variables, authorization: session.authorization });
      }
    },
    follow: createFollow(session, transport),
  };
}

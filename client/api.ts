import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { UnauthenticatedError } from "./errors.ts";
import type { Session } from "./session.ts";
import { createTransport } from "./transport.ts";

/** The gateway, asked in the name of the session. */
export interface Api {
  /** Throws XkitError. A session that has ended is renewed once. */
  request<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data>;
  /** Calls back with each answer until the stream ends. Throws XkitError when it breaks. */
  listen<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    onData: (data: Data) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

export function createApi(session: Session): Api {
  const transport = createTransport(session.url, session.fetch);
  return {
    async request(document, variables) {
      if (session.stale) await session.renew();
      const { authorization } = session;
      try {
        return await transport.request({ document, variables, authorization });
      } catch (error) {
        if (!(error instanceof UnauthenticatedError) || !session.token) throw error;
        if (session.authorization === authorization) await session.renew();
        return transport.request({ document, variables, authorization: session.authorization });
      }
    },
    async listen(document, variables, onData, signal) {
      if (session.stale) await session.renew();
      const { authorization } = session;
      for await (const data of transport.listen({ document, variables, authorization, signal })) {
        if (signal.aborted) return;
        onData(data);
      }
    },
  };
}

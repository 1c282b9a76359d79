import type { Context } from "../schema/context.ts";
import { badUserInput } from "../schema/errors.ts";
import type { Viewer, ViewerConnections } from "../schema/upstream.ts";
import type { Asker } from "./auth/authenticate.ts";
import type { Auth } from "./auth/index.ts";
import type { Upstream } from "./upstream/index.ts";
import { createSecret } from "./vault/seal.ts";

/** Says who is asking, and binds the upstream to that asker: nothing below can name another user. */
export interface ContextFactory {
  /** `answer` collects the headers that the response must carry. Throws UNAUTHENTICATED for a credential that is no good. */
  create(request: Request, answer: Headers): Promise<Context>;
  /** The same for a user whom the first-party session cookie names. */
  connectionsOf(viewer: Viewer, request: Request, setCookie: (header: string) => void): ViewerConnections;
}

const WRONG_RETURN_TO =
  "returnTo: must be a path of this gateway with one / in front, or a URL of one of the platform's web origins, as https://app.example.com/settings.";

export function createContextFactory(auth: Auth, upstream: Upstream): ContextFactory {
  function bind(asker: Extract<Asker, { kind: "user" }>, request: Request, setCookie: (header: string) => void): ViewerConnections {
    const { viewer, sessionId, credential } = asker;
    let browser: string | undefined;
    const connections = upstream.forUser({
      viewer,
      credential,
      // One for the whole request: a second cookie would cut off what was started with the first.
      browser: () => (browser ??= browserOf(request, setCookie)),
      async stillAllowed() {
        const user = await auth.users.find(viewer.userId);
        return user !== null && user.groupId === viewer.groupId && (sessionId === null || (await auth.sessions.isLive(sessionId)));
      },
    });
    return {
      ...connections,
      async start(slug, options) {
        if (options.returnTo !== null && !auth.origins.isValidReturnTo(options.returnTo)) throw badUserInput(WRONG_RETURN_TO, "returnTo");
        return connections.start(slug, options);
      },
    };
  }

  /** The secret that binds an authorization to this browser: one for all tabs. */
  function browserOf(request: Request, setCookie: (header: string) => void): string {
    const known = auth.cookies.browser.parse(request);
    if (known) return known;
    const made = createSecret();
    setCookie(auth.cookies.browser.serialize(made));
    return made;
  }

  return {
    async create(request, answer) {
      const asker = await auth.authenticate(request);
      const setCookie = (header: string) => answer.append("set-cookie", header);
      return {
        catalog: upstream.catalog,
        sessions: auth.signIn.bind(request, answer),
        user: asker.kind === "user" ? { viewer: asker.viewer, connections: bind(asker, request, setCookie) } : null,
        platform: asker.kind === "platform" ? upstream.forPlatform() : null,
      };
    },
    connectionsOf: (viewer, request, setCookie) => bind({ kind: "user", viewer, sessionId: null, credential: "" }, request, setCookie),
  };
}

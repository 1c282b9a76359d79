import { randomUUID } from "node:crypto";
import { EnvelopArmor } from "@escape.tech/graphql-armor";
import { GraphQLError } from "graphql";
import { createYoga, type GraphiQLOptions, type Plugin } from "graphql-yoga";
import type { Context } from "../schema/context.ts";
import { GatewayError, httpStatusOf } from "../schema/errors.ts";
import { schema } from "../schema/index.ts";
import type { ContextFactory } from "./context.ts";
import type { Log } from "./log.ts";

/** How large an operation may be. */
export const MAXIMUM_DEPTH = 12;
export const MAXIMUM_ALIASES = 30;
export const MAXIMUM_TOKENS = 1_000;
export const MAXIMUM_COST = 5_000;

const GRAPHIQL_QUERY = `# A live access token for the signed-in user, or the exact reason why there is none.
#
# Who is asking? Put a session token under "Headers":  { "Authorization": "Bearer …" }
# Where to get one: in development, open the sign-in link that the server printed at its start;
# anywhere else:  npx xkit-gateway users token <user id>   on the command line.

query Token {
  viewer {
    id
  }
  accessToken(where: { slug: "SLUG" }) {
    ... on AccessToken {
      value
      expiresAt
      fingerprint
    }
    ... on NotConnected {
      message
      connectorUrl
    }
    ... on ReconnectRequired {
      message
      reason
      connectorUrl
    }
    ... on TokenWithheld {
      message
    }
    ... on TemporarilyUnavailable {
      message
      retryAfter
    }
    ... on ConnectorMisconfigured {
      message
    }
  }
}
`;

interface Options {
  contexts: ContextFactory;
  log: Log;
  /** The connector that GraphiQL's example asks for. */
  exampleSlug: string;
  /** In development: a bearer for the user who followed the sign-in link in this browser, or null. */
  findDevelopmentBearer: ((request: Request) => Promise<string | null>) | null;
}

interface ServerContext {
  answer: Headers;
}

/** The GraphQL endpoint: queries, GraphiQL, and subscriptions as server-sent events. */
export function createGraphql({ contexts, log, exampleSlug, findDevelopmentBearer }: Options) {
  const yoga = createYoga<ServerContext, Context>({
    schema,
    graphqlEndpoint: "/graphql",
    landingPage: false,
    cors: false,
    logging: false,
    context: ({ request, answer }) => contexts.create(request, answer).catch(refuse),
    maskedErrors: { maskError: (error) => maskError(error, log) },
    plugins: [...createLimits(), codeEveryError],
    graphiql: async (request): Promise<GraphiQLOptions> => {
      const bearer = (await findDevelopmentBearer?.(request)) ?? null;
      return {
        title: "Xkit Gateway",
        defaultQuery: GRAPHIQL_QUERY.replace("SLUG", exampleSlug),
        ...(bearer && { headers: JSON.stringify({ Authorization: `Bearer ${bearer}` }, null, 2), shouldPersistHeaders: false }),
      };
    },
    // 3 MB of page: loaded when somebody looks at it.
    renderGraphiQL: async (options) => (await import("@graphql-yoga/render-graphiql")).renderGraphiQL(options),
  });

  return async (request: Request): Promise<Response> => {
    const answer = new Headers();
    const refusal = refuseContentType(request);
    const response = refusal ?? (await yoga.fetch(request, { answer }));
    for (const cookie of answer.getSetCookie()) response.headers.append("set-cookie", cookie);
    response.headers.set("cache-control", "no-store");
    response.headers.set("x-content-type-options", "nosniff");
    response.headers.set("x-frame-options", "DENY");
    response.headers.set("referrer-policy", "no-referrer");
    return response;
  };
}

/** A page of another origin can post forms and plain text unasked, but JSON only after a preflight that CORS refuses. */
function refuseContentType(request: Request): Response | null {
  const type = request.headers.get("content-type") ?? "";
  if (request.method !== "POST" || /^application\/(graphql\+)?json\s*(;|$)/i.test(type)) return null;
  const error = { message: "Send the operation as application/json.", extensions: { code: "BAD_USER_INPUT", path: "content-type" } };
  return Response.json({ errors: [error] }, { status: 415 });
}

/** A refused credential refuses the whole request. */
function refuse(error: unknown): never {
  if (!(error instanceof GatewayError)) throw error;
  const headers: Record<string, string> = error.code === "UNAUTHENTICATED" ? { "www-authenticate": "Bearer" } : {};
  throw new GraphQLError(error.message, { extensions: { ...error.extensions, http: { status: httpStatusOf[error.code], headers } } });
}

function createLimits() {
  const onReject = [
    (_context: unknown, error: GraphQLError) => void Object.assign(error.extensions, { code: "BAD_USER_INPUT", http: { status: 400 } }),
  ];
  return new EnvelopArmor({
    maxDepth: { n: MAXIMUM_DEPTH, onReject },
    maxAliases: { n: MAXIMUM_ALIASES, onReject },
    maxTokens: { n: MAXIMUM_TOKENS, onReject },
    costLimit: { maxCost: MAXIMUM_COST, onReject },
    maxDirectives: { n: MAXIMUM_ALIASES, onReject },
    // The schema is public: a hint at the right name gives nothing away.
    blockFieldSuggestion: { enabled: false },
  }).protect().plugins;
}

/** A document that does not parse or validate is the caller's mistake, and says so in the code. */
const codeEveryError: Plugin = {
  onResultProcess({ result }) {
    for (const one of Array.isArray(result) ? result : [result]) {
      if (!("errors" in one)) continue;
      for (const error of one.errors ?? []) {
        if (error instanceof GraphQLError && !("code" in error.extensions)) Object.assign(error.extensions, { code: "BAD_USER_INPUT" });
      }
    }
  },
};

/** Whatever nobody foresaw is logged once with an id, and the answer holds the id alone. */
function maskError(error: unknown, log: Log): Error {
  const original = error instanceof GraphQLError ? (error.originalError ?? error) : error;
  if (original instanceof GraphQLError) return error instanceof GraphQLError ? error : original;
  const id = randomUUID();
  log.error({ id, err: original }, "unexpected error");
  const message = `Something went wrong here, not with your request. Tell the operator this id: ${id}`;
  return new GraphQLError(message, {
    ...(error instanceof GraphQLError && { nodes: error.nodes ?? null, path: error.path ?? null }),
    extensions: { code: "INTERNAL", id, ...(!(error instanceof GraphQLError) && { http: { status: 500 } }) },
  });
}

import type { ConnectorConfig } from "../providers/connector.ts";

/** What an example asks of the connector: its slug, and a scope that a token of it can have. */
export interface ExampleConnector {
  slug: string;
  /** Null where its tokens have no scopes. */
  scope: string | null;
}

export interface ExampleTab {
  query: string;
}

/** Longest line of a comment, in characters: GraphiQL's editor beside its answer on a small laptop. */
export const LONGEST_COMMENT = 48;

/** An outcome, said in words, and what to select of it. */
interface Outcome {
  name: string;
  comment: readonly string[];
  /** Beside `message`. */
  fields: readonly string[];
  /** What the question has besides `where`. Null: it cannot be asked of this connector. */
  argument?: ((connector: ExampleConnector) => string | null) | undefined;
}

const outcomes: readonly Outcome[] = [
  {
    name: "NotConnected",
    comment: ["The user has never connected, or has", "disconnected. Send them to connectorUrl."],
    fields: ["connectorUrl"],
  },
  {
    name: "ReconnectRequired",
    comment: ["The grant has ended, and reason says why.", "The connection keeps its id: send the user", "to connectorUrl."],
    fields: ["reason", "connectorUrl", "connection {", "  id", "}"],
  },
  {
    name: "ScopesMissing",
    comment: ["The token lacks scopes that you ask for.", "connectorUrl asks the user for the rest."],
    fields: ["missingScopes", "connectorUrl"],
    argument: ({ scope }) => scope && `scopes: [${JSON.stringify(scope)}]`,
  },
  {
    name: "TokenWithheld",
    comment: ["The connection belongs to the user's group.", "Only your server gets its token:", "group(id:) { accessToken }."],
    fields: [],
  },
  {
    name: "TemporarilyUnavailable",
    comment: ["The provider does not answer. Nothing is", "broken: ask again after retryAfter seconds."],
    fields: ["retryAfter"],
  },
  {
    name: "MinimumTtlUnavailable",
    comment: ["No token of this provider lives as long as", "minimumTtl asks for, in seconds."],
    fields: ["maximumTtl"],
    argument: () => "minimumTtl: 86400",
  },
  {
    name: "ConnectorMisconfigured",
    comment: ["Only the operator can act. The user cannot", "fix it, and the log says what is wrong."],
    fields: [],
  },
];

/** What the gateway's examples ask for: the first connector of its catalog. */
export function exampleConnectorOf(connector: Pick<ConnectorConfig, "slug" | "tokenKinds"> | undefined): ExampleConnector {
  const allowed = connector?.tokenKinds[0].allowedScopes ?? [];
  return { slug: connector?.slug ?? "slack", scope: allowed.at(-1) ?? null };
}

/** The queries that GraphiQL opens with: a token with every outcome, then each outcome by itself. */
export function exampleTabs(connector: ExampleConnector): [ExampleTab, ...ExampleTab[]] {
  return [{ query: tokenQuery(connector) }, ...outcomes.flatMap((outcome) => outcomeTab(connector, outcome))];
}

const comment = (lines: readonly string[]): string => lines.map((line) => `# ${line}`.trimEnd()).join("\n");
const fragment = (type: string, fields: readonly string[]): string =>
  `    ... on ${type} {\n${fields.map((field) => `      ${field}`).join("\n")}\n    }`;

const tokenQuery = ({ slug }: ExampleConnector): string => `${comment([
  "A live access token for the signed-in user,",
  "or the exact reason why there is none.",
  "",
  "Press play. In development, sign in above.",
  "Anywhere else, put a token under Headers:",
  '{ "Authorization": "Bearer …" }',
  "This command prints one:",
  "npx xkit-gateway users token <user id>",
])}

query Token {
  viewer {
    id
  }
  accessToken(where: { slug: ${JSON.stringify(slug)} }) {
    __typename
${fragment("AccessToken", ["value", "expiresAt", "fingerprint"])}
${outcomes.map(({ name, fields }) => fragment(name, ["message", ...fields])).join("\n")}
  }
}
`;

function outcomeTab(connector: ExampleConnector, { name, comment: lines, fields, argument }: Outcome): ExampleTab[] {
  const stated = argument?.(connector);
  if (stated === null) return [];
  const where = `where: { slug: ${JSON.stringify(connector.slug)} }`;
  const query = `${comment(lines)}

query ${name} {
  accessToken(${stated === undefined ? where : `${where}, ${stated}`}) {
    __typename
${fragment("NoAccessToken", ["message"])}${fields.length > 0 ? `\n${fragment(name, fields)}` : ""}
  }
}
`;
  return [{ query }];
}

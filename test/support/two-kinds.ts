import type { App } from "../../gateway/app.ts";
import { ask, sendTo, type TestUser } from "./test-app.ts";
import { type TokenAnswer, tokenAnswerSchema } from "./vault.ts";

/** The connector `test` with two kinds of token: `bot`, which is the default, and `user`, which stands under `user` in the answer to a code. */
export const twoKinds = (
  connector: Record<string, unknown> = {},
): { facts: Record<string, unknown>; connector: Record<string, unknown> } => ({
  facts: {
    tokens: {
      bot: { path: "access_token", default: true },
      user: { path: "user.access_token", scope_param: "user_scope" },
    },
  },
  connector: { scopes: { bot: ["read", "write"], user: ["me"] }, supports_multiple_connections: false, ...connector },
});

const QUERY = `query ($where: ConnectionWhere!, $kind: String, $rejected: String, $verify: Boolean, $scopes: [String!], $minimumTtl: Int) {
  accessToken(where: $where, kind: $kind, rejected: $rejected, verify: $verify, scopes: $scopes, minimumTtl: $minimumTtl) {
    __typename
    ... on AccessToken { value kind tokenType expiresAt scopes missingScopes fingerprint connection { id authorization { status } } }
    ... on NoAccessToken { message }
    ... on ReconnectRequired { reason connectorUrl connection { id authorization { status errorCode errorMessage } } }
    ... on ScopesMissing { missingScopes connectorUrl }
    ... on NotConnected { connectorUrl }
    ... on TemporarilyUnavailable { retryAfter }
  }
}`;

interface AskedKind {
  where?: { slug: string } | { id: string };
  rejected?: string | undefined;
  verify?: boolean;
  scopes?: string[];
  minimumTtl?: number;
  /** Another process than the user's browser talks to. */
  via?: Pick<App, "fetch">;
}

export type KindAnswer = TokenAnswer & { kind?: string | null | undefined };

/** The answer to a question for a kind of token, undefined for the default, with its errors. */
export async function askKindRaw(user: TestUser, kind?: string, { where = { slug: "test" }, via, ...args }: AskedKind = {}) {
  const variables = { where, kind, ...args };
  if (!via) return user.graphql(QUERY, variables);
  return ask(sendTo(via), QUERY, variables, { authorization: `Bearer ${await user.bearer()}` });
}

/** The same. Throws when the answer is an error. */
export async function askKind(user: TestUser, kind?: string, asked: AskedKind = {}): Promise<KindAnswer> {
  const { data, errors } = await askKindRaw(user, kind, asked);
  if (errors.length > 0) throw new Error(JSON.stringify(errors));
  return { ...tokenAnswerSchema.parse(data.accessToken), kind: data.accessToken.kind };
}

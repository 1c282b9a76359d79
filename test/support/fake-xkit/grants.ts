import { entriesOf, membersOf, textOf } from "./json.ts";
import type { Authorization, Tokens } from "./state.ts";

/** The provider behind the connectors that collect no fields. */
export interface FakeProvider {
  /** Its `/authorize`, `/token`, `/revoke` and `/userinfo` are below. */
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** What became of a request to the token endpoint. */
export type GrantAnswer =
  | { readonly tokens: Tokens }
  | { readonly refusal: "revoked" | "misconfigured" | "unavailable"; readonly code: string; readonly said: string };

type Asking = Pick<Authorization, "state" | "asked" | "loginHint" | "connection">;

export type Grants = ReturnType<typeof createGrants>;

/** The requests of RFC 6749 that the fake sends, as bare as they can be. */
export function createGrants({ url, clientId, clientSecret }: FakeProvider, now: () => number) {
  const authorization = `Basic ${btoa([clientId, clientSecret].map(formEncode).join(":"))}`;
  const post = (path: string, params: Record<string, string>): Promise<Response> =>
    fetch(`${url}${path}`, { method: "POST", headers: { authorization }, body: new URLSearchParams(params), redirect: "manual" });

  async function askForTokens(params: Record<string, string>): Promise<GrantAnswer> {
    try {
      const response = await post("/token", params);
      return answerOf(response.status, await response.text(), now());
    } catch (error) {
      return { refusal: "unavailable", code: "unreachable", said: String(error) };
    }
  }

  return {
    authorizeUrl({ state, asked, loginHint, connection }: Asking, redirectUri: string): string {
      const { user_scope } = connection.connector;
      const hint = { ...(loginHint !== null && { login_hint: loginHint }), ...(user_scope !== undefined && { user_scope }) };
      const params = { response_type: "code", client_id: clientId, redirect_uri: redirectUri, scope: asked.join(" "), state, ...hint };
      return `${url}/authorize?${new URLSearchParams(params)}`;
    },
    exchange: (code: string, redirectUri: string) => askForTokens({ grant_type: "authorization_code", code, redirect_uri: redirectUri }),
    refresh: (refreshToken: string) => askForTokens({ grant_type: "refresh_token", refresh_token: refreshToken }),
    /** Takes the whole grant back. */
    revoke: async ({ refreshToken, accessToken }: Tokens): Promise<void> =>
      void (await post("/revoke", { token: refreshToken ?? accessToken })),
    /** The account's name. */
    async findLabel(accessToken: string): Promise<string | null> {
      const response = await fetch(`${url}/userinfo`, { headers: { authorization: `Bearer ${accessToken}` } });
      return response.ok ? textOf(membersOf(await response.text()), "email") : null;
    },
  };
}

/** RFC 6749 section 2.3.1. */
const formEncode = (text: string): string => new URLSearchParams({ "": text }).toString().slice(1);

function answerOf(status: number, text: string, now: number): GrantAnswer {
  const members = membersOf(text);
  const [code, accessToken] = [textOf(members, "error"), textOf(members, "access_token")];
  if (status === 200 && accessToken) return { tokens: toTokens(members, accessToken, now) };
  const said = textOf(members, "error_description") ?? code ?? `status ${status}`;
  if (code === "invalid_grant") return { refusal: "revoked", code, said };
  if (code !== null && status < 500) return { refusal: "misconfigured", code, said };
  return { refusal: "unavailable", code: `http_${status}`, said };
}

function toTokens(members: Map<string, unknown>, accessToken: string, now: number): Tokens {
  const seconds = members.get("expires_in");
  const user = entriesOf(members.get("user"));
  const userToken = textOf(user, "access_token");
  return {
    accessToken,
    tokenType: (textOf(members, "token_type") ?? "bearer").toLowerCase(),
    refreshToken: textOf(members, "refresh_token"),
    scopes: (textOf(members, "scope") ?? "").split(" ").filter((scope) => scope !== ""),
    issuedAt: now,
    expiresAt: typeof seconds === "number" ? now + seconds * 1000 : null,
    fields: null,
    user: userToken === null ? null : toTokens(user, userToken, now),
  };
}

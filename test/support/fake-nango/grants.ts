/** OAuth at a real provider, as Nango does it for an OAUTH2 integration. */
import { z } from "zod";
import type { Credentials, Integration } from "./state.ts";

const tokenAnswer = z.looseObject({
  access_token: z.string().min(1),
  refresh_token: z.string().optional(),
  expires_in: z.number().optional(),
});

type OAuth = NonNullable<Integration["oauth"]>;

export const oauthOf = ({ oauth, uniqueKey }: Integration): OAuth => {
  if (!oauth) throw new TypeError(`The integration ${uniqueKey} has no OAuth.`);
  return oauth;
};

/** Where the browser goes. */
export function authorizeUrlOf({ authorizeUrl, clientId, scopes }: OAuth, redirectUri: string, state: string): string {
  const url = new URL(authorizeUrl);
  url.search = new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: "code",
    scope: scopes.join(" "),
    state,
  }).toString();
  return url.href;
}

/** Null when the provider does not answer with tokens. Nango does not tell why either. */
export const redeemCode = (oauth: OAuth, code: string, redirectUri: string, now: () => number): Promise<Credentials | null> =>
  askForTokens(oauth, { grant_type: "authorization_code", code, redirect_uri: redirectUri }, now);

/** The refresh token stays where the provider sends none. */
export async function refresh(oauth: OAuth, credentials: Credentials, now: () => number): Promise<Credentials | null> {
  const refreshToken = String(credentials["refresh_token"]);
  const renewed = await askForTokens(oauth, { grant_type: "refresh_token", refresh_token: refreshToken }, now);
  return renewed && { refresh_token: refreshToken, ...renewed };
}

async function askForTokens(oauth: OAuth, params: Record<string, string>, now: () => number): Promise<Credentials | null> {
  const { tokenUrl, clientId, clientSecret } = oauth;
  const body = new URLSearchParams({ ...params, client_id: clientId, ...(clientSecret !== null && { client_secret: clientSecret }) });
  try {
    const response = await fetch(tokenUrl, { method: "POST", body, redirect: "error" });
    const raw = response.ok ? tokenAnswer.safeParse(await response.json()).data : undefined;
    if (!raw) return null;
    return {
      type: "OAUTH2",
      access_token: raw.access_token,
      ...(raw.refresh_token !== undefined && { refresh_token: raw.refresh_token }),
      ...(raw.expires_in !== undefined && { expires_at: new Date(now() + raw.expires_in * 1_000).toISOString() }),
      raw,
    };
  } catch {
    return null;
  }
}

import * as oauth from "oauth4webapi";
import type { OAuthClient, OAuthProvider } from "./provider.ts";

/**
 * How this client proves itself to this provider (RFC 6749 section 2.3.1).
 *
 * Without a secret only the client id is sent: strict servers reject an empty `client_secret`. Beside an assertion not even that: the
 * assertion names who asks (RFC 7521 section 4.1).
 */
export function createClientAuthentication(provider: OAuthProvider, client: OAuthClient): oauth.ClientAuth {
  const secret = client.clientSecret ?? "";
  if (secret === "" && provider.grantType === "jwt_bearer") return () => {};
  if (secret === "" || provider.clientAuthentication === "none") return oauth.None();
  if (provider.clientAuthentication === "client_secret_post") return oauth.ClientSecretPost(secret);
  return basic(client.clientId, secret, provider.basicCredentialEncoding === "form" ? formEncode : (text) => text);
}

/**
 * Basic credentials of our own making: oauth4webapi encodes `-`, `.` and `_` as well, which is allowed, but servers that do not decode
 * (and there are many) then refuse every client id with a hyphen.
 */
function basic(clientId: string, secret: string, encode: (text: string) => string): oauth.ClientAuth {
  const credentials = Buffer.from(`${encode(clientId)}:${encode(secret)}`).toString("base64");
  return (_server, _client, _body, headers) => {
    headers.set("authorization", `Basic ${credentials}`);
  };
}

function formEncode(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1);
}

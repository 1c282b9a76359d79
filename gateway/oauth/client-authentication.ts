import * as oauth from "oauth4webapi";
import type { ClientKey } from "./client-key.ts";
import type { OAuthClient, OAuthProvider } from "./provider.ts";

/**
 * How this client proves itself to this provider (RFC 6749 section 2.3.1, RFC 7523 section 2.2).
 *
 * Without a secret or key only the client id is sent: strict servers reject an empty `client_secret`. Beside an assertion not even that:
 * the assertion names who asks (RFC 7521 section 4.1). What the client signs is for the provider's issuer, or for the token endpoint where
 * no issuer is known.
 */
export function createClientAuthentication(provider: OAuthProvider, client: OAuthClient): oauth.ClientAuth {
  const secret = client.clientSecret ?? "";
  if (provider.clientAuthentication === "private_key_jwt" && client.signingKey) return signed(client.signingKey);
  if (secret === "" && provider.grantType === "jwt_bearer") return () => {};
  if (secret === "" || provider.clientAuthentication === "none") return oauth.None();
  if (provider.clientAuthentication === "client_secret_jwt") return oauth.ClientSecretJwt(secret, { [oauth.modifyAssertion]: soften });
  if (provider.clientAuthentication === "client_secret_post") return oauth.ClientSecretPost(secret);
  return basic(client.clientId, secret, provider.basicCredentialEncoding === "form" ? formEncode : (text) => text);
}

const signed =
  ({ alg, kid, load }: ClientKey): oauth.ClientAuth =>
  async (...request) => {
    const options = {
      [oauth.modifyAssertion](header: Record<string, unknown>, payload: Record<string, unknown>) {
        // oauth4webapi says Ed25519, which is newer than most servers (RFC 9864).
        header["alg"] = alg;
        soften(header, payload);
      },
    };
    await oauth.PrivateKeyJwt({ key: await load(), ...(kid !== null && { kid }) }, options)(...request);
  };

/** A provider whose clock is a second behind would refuse an assertion that is not valid before now. It has an end all the same. */
function soften(_header: unknown, payload: Record<string, unknown>): void {
  delete payload["nbf"];
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

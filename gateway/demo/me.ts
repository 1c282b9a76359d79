import type { IncomingMessage, ServerResponse } from "node:http";
import { findAccount } from "./accounts.ts";
import { sendJson } from "./http.ts";
import type { OidcProvider } from "./load.ts";

/** The API that the demo provider's access tokens open. */
export const ME_PATH = "/me";

/** Pages of any origin may call it: it knows no cookies, only the token (RFC 6750 section 2.1). */
const cors = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "authorization",
  "access-control-expose-headers": "www-authenticate",
};

/** Answers `/me`: 200 with `{ id, name, email }` for a live access token, else 401 (RFC 6750 section 3.1). */
export async function answerMe(provider: OidcProvider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === "OPTIONS") return void response.writeHead(204, cors).end();
  const token = /^Bearer ([\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? "")?.[1];
  const found = token === undefined ? undefined : await provider.AccessToken.find(token);
  const account = found === undefined ? null : findAccount(found.accountId);
  if (account !== null) return sendJson(response, 200, account, cors);
  sendJson(response, 401, { error: "invalid_token" }, { ...cors, "www-authenticate": 'Bearer error="invalid_token"' });
}

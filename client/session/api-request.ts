import type { AccessToken } from "../api/types.ts";

/** `RequestInit`, and where else than at `apiBaseUrl` the request may go. */
export interface XkitRequestInit extends RequestInit {
  /**
   * Another origin of the API, as `https://gmail.googleapis.com`: the request may go there instead. Write it out in your code: the token is
   * sent to it.
   */
  origin?: string;
  /** The kind of token, where one connection has several: `user` beside a bot's. Default: the connector's. */
  kind?: string | undefined;
}

const headerOf = ({ authorizationHeader, tokenType, value }: AccessToken) =>
  // API keys have no scheme of their own, and most services take them as bearers.
  authorizationHeader ?? { name: "Authorization", value: `${tokenType === "api_key" ? "Bearer" : tokenType} ${value}` };

/** A path cannot lead out of `apiBaseUrl`. Throws TypeError for an address that the token is not for. */
function toRequest(input: string | URL | Request, init: XkitRequestInit | undefined, { apiBaseUrl }: AccessToken): Request {
  const isPath = typeof input === "string" && !/^https?:\/\//i.test(input);
  if (isPath && !/^([/?#]|$)/.test(input)) throw new TypeError("A path must begin with `/`.");
  if (isPath && apiBaseUrl === null) throw new TypeError("A path needs `apiBaseUrl`, which is not known.");
  const base = (!isPath && init?.origin) || apiBaseUrl;
  const { href, origin } = new URL(base ?? "about:");
  const root = isPath ? href.replace(/\/$/, "") : origin;
  const request = new Request(isPath ? root + input : input instanceof Request ? input.clone() : input, init);
  if (base !== null && !request.url.replace(/[?#]|$/, "/").startsWith(`${root}/`))
    throw new TypeError(`The token may go to ${root}, and elsewhere only by \`origin\`.`);
  return request;
}

/**
 * Sends a request with the token in the header by which the API takes it. It can be sent again, unless `init.body` is a stream.
 * Throws TypeError for an address that the token is not for.
 */
export async function sendWithToken(
  fetch: typeof globalThis.fetch,
  token: AccessToken,
  input: string | URL | Request,
  init?: XkitRequestInit,
): Promise<Response> {
  const { name, value } = headerOf(token);
  const request = toRequest(input, init, token);
  request.headers.set(name, value);
  // A redirect to another origin leaves out `Authorization`, and no other header.
  if (request.redirect !== "follow" || /^authorization$/i.test(name)) return fetch(request);
  const response = await fetch(new Request(request, { redirect: "manual" }));
  // A browser does not tell the status.
  if (response.type !== "opaqueredirect" && !/^30[12378]$/.test(String(response.status))) return response;
  await response.body?.cancel();
  throw new TypeError(`The API redirects, and ${name} is not sent there.`);
}

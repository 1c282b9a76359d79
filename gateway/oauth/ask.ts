import { type FetchLimits, fetchResponse, type HttpResponse, type ProviderRequest } from "../http/fetch.ts";
import type { OAuthProvider } from "./provider.ts";

/** Sends a request to an address of the provider. A host that a user named must be of the public internet. Throws `NoResponseError`. */
export const ask = (
  { userNamedHosts }: Pick<OAuthProvider, "userNamedHosts">,
  url: string,
  request: ProviderRequest,
  { timeoutMs, signal, mayStillSend }: FetchLimits,
): Promise<HttpResponse> =>
  fetchResponse(url, request, { timeoutMs, signal, mayStillSend, isPublicOnly: userNamedHosts.includes(new URL(url).hostname) });

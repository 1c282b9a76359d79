import { fetchResponse, NoResponseError } from "../http/fetch.ts";
import { parseEndpoint } from "../http/secure-endpoint.ts";
import { safeParseObject } from "./json.ts";

/** What an authorization server says of itself (RFC 8414 section 2), or why that cannot be read. */
export type MetadataAnswer =
  { readonly url: string; readonly metadata: Readonly<Record<string, unknown>> } | { readonly url: string; readonly problem: string };

const STATUS_OK = 200;

/** Where an issuer's metadata is: OpenID Connect Discovery section 4, and RFC 8414 section 3. */
export function metadataUrlsOf(issuer: string): string[] {
  const { origin, pathname } = parseEndpoint(issuer);
  const path = pathname.replace(/\/$/, "");
  return [`${origin}${path}/.well-known/openid-configuration`, `${origin}/.well-known/oauth-authorization-server${path}`];
}

/** Reads the metadata at an address. `timeoutMs` covers the whole exchange. Throws only `TypeError`, on an address that is not https. */
export async function fetchMetadata(url: string, timeoutMs: number): Promise<MetadataAnswer> {
  const { href } = parseEndpoint(url);
  try {
    const { status, text } = await fetchResponse(
      href,
      { method: "GET", headers: { accept: "application/json" }, body: null },
      { timeoutMs },
    );
    const metadata = status === STATUS_OK ? safeParseObject(text) : null;
    return metadata ? { url, metadata } : { url, problem: status === STATUS_OK ? "not a JSON object" : `http_${status}` };
  } catch (error) {
    if (error instanceof NoResponseError) return { url, problem: error.code };
    throw error;
  }
}

import { parseGatewayUrl } from "../api/gateway-url.ts";
import { createTransport, type Transport } from "../api/transport.ts";

/** How long a request to the gateway may take, in milliseconds. */
const DEFAULT_TIMEOUT_MS = 30_000;

export interface ServerOptions {
  /** Where the gateway is, as `https://connect.example.com`. */
  url: string;
  /** What `xkit-gateway keys create` prints. Keep the secret out of pages: the gateway refuses it there. */
  apiKey: { publishable: string; secret: string };
  /** How long a request to the gateway may take, in milliseconds. Default: 30,000. An event stream has no end. */
  timeoutMs?: number;
  /** Default: the runtime's own. */
  fetch?: typeof fetch;
}

/** The gateway, asked with an API key. */
export interface ServerApi {
  url: string;
  /** For other addresses than the gateway's: without a key and without a timeout. */
  fetch: typeof fetch;
  request: Transport["request"];
  listen: Transport["listen"];
  /** What goes into the Authorization header. */
  authorization: string;
}

/** What answers at `url` is no gateway: waiting does not mend that. */
export class NoGatewayError extends Error {}

/** Statuses of the caller's that may be over in a moment: 408 (RFC 9110 section 15.5.9), 425 (RFC 8470), 429 (RFC 6585). */
const PASSING_STATUSES = [408, 425, 429];

const isRedirect = (status: number) => [301, 302, 303, 307, 308].includes(status);
const isFinal = (status: number) => status < 500 && !PASSING_STATUSES.includes(status);

/** Whether a text is an answer of GraphQL (its specification, section 7.1). */
function isGraphqlAnswer(text: string): boolean {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null && ("data" in body || "errors" in body);
  } catch {
    return false;
  }
}

/** The answer, unless it is one that no gateway gives. Throws NoGatewayError. */
async function assertGateway(response: Response): Promise<Response> {
  const { status, headers } = response;
  if (isRedirect(status)) {
    // Followed, an imported token in the body would go there too.
    await response.body?.cancel();
    throw new NoGatewayError("it redirects. Give the address that it redirects to as `url`");
  }
  if (!isFinal(status) || headers.get("content-type")?.startsWith("text/event-stream")) return response;
  const text = await response.text();
  if (isGraphqlAnswer(text)) return new Response(text, { status, headers });
  throw new NoGatewayError(`what answers there, with status ${status}, is no gateway. Give its address as \`url\``);
}

const base64 = (text: string) => btoa(String.fromCodePoint(...new TextEncoder().encode(text)));

/** Throws TypeError when a part of the key is missing, as with an environment variable that is not set. */
function parseApiKey(apiKey: ServerOptions["apiKey"]): string {
  for (const part of ["publishable", "secret"] as const)
    if (typeof apiKey?.[part] !== "string" || apiKey[part] === "")
      throw new TypeError(`apiKey.${part} is missing. "xkit-gateway keys create" makes a pair of API keys.`);
  return `Basic ${base64(`${apiKey.publishable}:${apiKey.secret}`)}`;
}

/** Throws TypeError for a wrong option, and in a page. */
export function createServerApi(options: ServerOptions): ServerApi {
  if (typeof window === "object" && typeof window.document === "object")
    throw new TypeError("createServer is for servers: in a page, everyone could read the secret key. Pages use createXkit.");
  const url = parseGatewayUrl(options.url);
  const authorization = parseApiKey(options.apiKey);
  const fetch: typeof globalThis.fetch = options.fetch ?? ((...args) => globalThis.fetch(...args));
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const fetchGateway: typeof fetch = async (input, given = {}) => {
    const isStream = new Headers(given.headers).get("accept") === "text/event-stream";
    const signals = [...(given.signal ? [given.signal] : []), ...(isStream ? [] : [AbortSignal.timeout(timeoutMs)])];
    const init: RequestInit = { ...given, redirect: "manual", signal: AbortSignal.any(signals) };
    // A server has no cookies, and Cloudflare Workers refuse a request with `credentials`.
    delete init.credentials;
    return assertGateway(await fetch(input, init));
  };
  const { request, listen } = createTransport(url, fetchGateway, { inSession: (send) => send(authorization) });
  return { url, fetch, authorization, request, listen };
}

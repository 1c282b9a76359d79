import { type Dispatcher, fetch as undiciFetch } from "undici";

/** A gateway's cookies in a browser, by name. */
export type Jar = Map<string, string>;

/** One request of a browser; the cookies of this jar go with it and come back into it. */
export type Ask = (url: string, init: { method?: string; headers: Headers; body?: string | null; jar: Jar | null }) => Promise<Response>;

/** One request; the gateway's cookies go with it and are kept, if the jar allows. */
export const askWith =
  (dispatcher: Dispatcher, gateway: string): Ask =>
  async (url, { method = "GET", headers, body = null, jar }) => {
    const isGateway = new URL(url).origin === gateway;
    if (isGateway && jar && jar.size > 0) headers.set("cookie", [...jar].map(([name, value]) => `${name}=${value}`).join("; "));
    const response = await undiciFetch(url, { method, headers: [...headers], body, redirect: "manual", dispatcher });
    if (isGateway && jar) for (const cookie of response.headers.getSetCookie()) keep(jar, cookie);
    const hasBody = ![101, 204, 205, 304].includes(response.status);
    return new Response(hasBody ? await response.text() : null, { status: response.status, headers: [...response.headers] });
  };

function keep(jar: Jar, header: string): void {
  const [pair = "", ...attributes] = header.split(";");
  const [name = "", value = ""] = pair.split("=");
  if (attributes.some((attribute) => /^\s*max-age=0\s*$/i.test(attribute))) jar.delete(name);
  else jar.set(name, value);
}

/** `fetch` of a page of another origin: a preflight first where one is due, and nothing to read without leave (fetch.spec.whatwg.org). */
export function createPageFetch(origin: string, gateway: string, thirdParty: Jar | null, ask: Ask): typeof fetch {
  const allows = (response: Response) =>
    response.headers.get("access-control-allow-origin") === origin && response.headers.get("access-control-allow-credentials") === "true";

  async function preflight(url: string, method: string, headers: Headers): Promise<void> {
    const unsafe = [...headers.keys()].filter((name) => name !== "accept").join(",");
    const asking = new Headers({ origin, "access-control-request-method": method });
    if (unsafe) asking.set("access-control-request-headers", unsafe);
    const answer = await ask(url, { method: "OPTIONS", headers: asking, jar: null });
    const allowed = (answer.headers.get("access-control-allow-headers") ?? "").toLowerCase().split(/, */);
    const methods = (answer.headers.get("access-control-allow-methods") ?? "").split(/, */);
    const isAllowed = unsafe.split(",").every((name) => name === "" || allowed.includes(name));
    if (!answer.ok || !allows(answer) || !isAllowed || !["GET", "POST", ...methods].includes(method))
      throw new TypeError("Failed to fetch");
  }

  return async (input, init = {}) => {
    const url = input instanceof Request ? input.url : String(input);
    const method = init.method ?? "GET";
    const headers = new Headers(init.headers);
    await preflight(url, method, headers);
    for (const [name, value] of Object.entries({ origin, referer: `${origin}/`, "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" }))
      headers.set(name, value);
    const jar = init.credentials === "include" && new URL(url).origin === gateway ? thirdParty : null;
    const body = typeof init.body === "string" ? init.body : null;
    const response = await ask(url, { method, headers, body, jar });
    if (!allows(response)) throw new TypeError("Failed to fetch");
    response.headers.delete("set-cookie");
    return response;
  };
}

import type { App } from "../../gateway/app.ts";

/** A browser before the gateway: keeps cookies, and follows the gateway's redirects to the provider and back as a page would. */
export interface TestBrowser {
  /** Asks the gateway. Redirects are answered, not followed. */
  fetch(pathOrUrl: string, init?: RequestInit): Promise<Response>;
  /** The value of one of the gateway's cookies, or null. */
  cookie(name: string): string | null;
  /** The gateway's cookies whose names begin so, the oldest first. */
  cookies(beginning: string): [name: string, value: string][];
}

export function createBrowser(app: Pick<App, "fetch">, publicUrl: string): TestBrowser {
  const jar = new Map<string, string>();
  return {
    async fetch(pathOrUrl, init = {}) {
      const headers = new Headers(init.headers);
      // As for an address that was typed or opened from a terminal: without it the page signs no user in.
      if (pathOrUrl.startsWith("/sign-in") && !headers.has("sec-fetch-site")) headers.set("sec-fetch-site", "none");
      if (jar.size > 0) headers.set("cookie", [...jar].map(([name, value]) => `${name}=${value}`).join("; "));
      const response = await app.fetch(new Request(new URL(pathOrUrl, publicUrl), { ...init, headers }));
      for (const cookie of response.headers.getSetCookie()) keep(jar, cookie);
      return response;
    },
    cookie: (name) => jar.get(name) ?? null,
    cookies: (beginning) => [...jar].filter(([name]) => name.startsWith(beginning)),
  };
}

function keep(jar: Map<string, string>, header: string): void {
  const [pair = "", ...attributes] = header.split(";");
  const [name = "", value = ""] = pair.split("=");
  if (attributes.some((attribute) => /^\s*max-age=0\s*$/i.test(attribute))) jar.delete(name);
  else jar.set(name, value);
}

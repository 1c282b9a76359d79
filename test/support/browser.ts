import type { App } from "../../gateway/app.ts";

/** A browser before the gateway: keeps cookies, and follows the gateway's redirects to the provider and back as a page would. */
export interface TestBrowser {
  /** Asks the gateway. Redirects are answered, not followed. */
  fetch(pathOrUrl: string, init?: RequestInit): Promise<Response>;
  /** Signs this browser in by the form of the development page. */
  signIn(userToken: string, headers?: Record<string, string>): Promise<Response>;
  /** The value of one of the gateway's cookies, or null. */
  cookie(name: string): string | null;
  /** The gateway's cookies whose names begin so, the oldest first. */
  cookies(beginning: string): [name: string, value: string][];
}

export function createBrowser(app: Pick<App, "fetch">, publicUrl: string): TestBrowser {
  const jar = new Map<string, string>();
  const browser: TestBrowser = {
    async fetch(pathOrUrl, init = {}) {
      const headers = new Headers(init.headers);
      if (jar.size > 0) headers.set("cookie", [...jar].map(([name, value]) => `${name}=${value}`).join("; "));
      const response = await app.fetch(new Request(new URL(pathOrUrl, publicUrl), { ...init, headers }));
      for (const cookie of response.headers.getSetCookie()) keep(jar, cookie);
      return response;
    },
    signIn: (userToken, headers) => browser.fetch("/sign-in", signInForm(userToken, publicUrl, headers)),
    cookie: (name) => jar.get(name) ?? null,
    cookies: (beginning) => [...jar].filter(([name]) => name.startsWith(beginning)),
  };
  return browser;
}

/** What the form of the development page sends for a user token. */
export const signInForm = (userToken: string, publicUrl: string, headers: Record<string, string> = {}) => ({
  method: "POST",
  headers: { origin: new URL(publicUrl).origin, "content-type": "application/x-www-form-urlencoded", ...headers },
  body: new URLSearchParams({ token: userToken }).toString(),
  redirect: "manual" as const,
});

function keep(jar: Map<string, string>, header: string): void {
  const [pair = "", ...attributes] = header.split(";");
  const [name = "", value = ""] = pair.split("=");
  if (attributes.some((attribute) => /^\s*max-age=0\s*$/i.test(attribute))) jar.delete(name);
  else jar.set(name, value);
}

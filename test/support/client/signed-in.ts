/** Clients of a whole gateway in this process, for tests. Nothing that is published imports it. */
import { vi } from "vitest";
import { createBrowser, type TestBrowser } from "../browser.ts";
import { PUBLIC_URL, startTestApp, type TestApp, type TestAppOptions, WEB_ORIGIN } from "../test-app.ts";
import { createXkit, type Xkit } from "../../../client/xkit.ts";

export interface TestClient {
  xkit: Xkit;
  browser: TestBrowser;
  /** The operations asked so far, by name. */
  asked: string[];
  fetch: typeof fetch;
}

/** Makes this process' `Date` follow the gateway's clock from now on. */
export function followClock({ clock }: TestApp): void {
  vi.setSystemTime(clock.now());
}

/** Starts a gateway, with `Date` faked to its clock. Call `vi.useRealTimers()` afterwards. */
export async function startApp(options?: TestAppOptions): Promise<TestApp> {
  const app = await startTestApp(options);
  vi.useFakeTimers({ toFake: ["Date"] });
  followClock(app);
  return app;
}

const operationOf = (body: unknown) => (typeof body === "string" ? (/(?:query|mutation|subscription) (\w+)/.exec(body)?.[1] ?? "?") : "?");

/** An xkit in a browser of its own: with cookies, from one of the platform's web origins. Other hosts are really fetched. */
export function createTestClient({ app }: TestApp, browser: TestBrowser = createBrowser(app, PUBLIC_URL)): TestClient {
  const asked: string[] = [];
  const fetchThere: typeof fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (!url.startsWith(PUBLIC_URL)) return fetch(input, init);
    asked.push(operationOf(init?.body));
    const headers = new Headers(init?.headers);
    headers.set("origin", WEB_ORIGIN);
    return browser.fetch(url, { ...init, headers });
  };
  return { xkit: createXkit(PUBLIC_URL, { fetch: fetchThere }), browser, asked, fetch: fetchThere };
}

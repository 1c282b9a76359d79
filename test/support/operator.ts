import { createLog } from "../../gateway/runtime/log.ts";
import { openServices, type Services } from "../../gateway/services.ts";
import { createBrowser, type TestBrowser } from "./browser.ts";
import { PUBLIC_URL, type TestApp } from "./test-app.ts";

/** Works on the store as a process of its own does. */
export async function inServices<Answer>(
  { config, clock }: Pick<TestApp, "config" | "clock">,
  act: (services: Services) => Promise<Answer>,
): Promise<Answer> {
  const services = await openServices(config, clock, createLog("silent"));
  try {
    return await act(services);
  } finally {
    await services.close();
  }
}

/** A browser at the operator's page. */
export interface TestOperator {
  browser: TestBrowser;
  /** The answer to the sign-in form. */
  answer: Response;
  /** The publishable key. */
  keyId: string;
  secretKey: string;
  /** The text of a page below `/admin`. */
  read(path: string): Promise<string>;
  /** Sends a form of our own page. */
  post(path: string, fields?: Record<string, string>): Promise<Response>;
}

/** What a browser sends with a form of our own page. */
export const formOf = (fields: Record<string, string>): RequestInit => ({
  method: "POST",
  headers: { origin: PUBLIC_URL },
  body: new URLSearchParams(fields),
});

/** Makes an API key and types it into the form. */
export async function signInAsOperator(test: TestApp): Promise<TestOperator> {
  const { id, secret } = await inServices(test, ({ auth }) => auth.apiKeys.create("operator"));
  const browser = createBrowser(test.app, PUBLIC_URL);
  const post = (path: string, fields: Record<string, string> = {}) => browser.fetch(`/admin${path}`, formOf(fields));
  const answer = await post("/session", { publishable: id, secret });
  const read = async (path: string) => (await browser.fetch(`/admin${path}`)).text();
  return { browser, answer, keyId: id, secretKey: secret, read, post };
}

import { createLog } from "../../gateway/runtime/log.ts";
import { openServices } from "../../gateway/services.ts";
import { PUBLIC_URL, type TestApp, WEB_ORIGIN } from "./test-app.ts";

/** An answer, its body read. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // Answers are read by many tests in many shapes; each asserts what it reads.
  // oxlint-disable-next-line typescript/no-explicit-any
  body: any;
}

/** Asks the REST API with these headers. */
export type Caller = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;

/** A caller with headers of its own: a bearer, a key pair, or none. */
export const callerOf =
  (test: TestApp, own: Record<string, string> = {}): Caller =>
  async (method, path, body, headers = {}) => {
    const init = {
      method,
      headers: { ...own, ...(body !== undefined && { "content-type": "application/json" }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    };
    const response = await test.app.fetch(new Request(new URL(`/api${path}`, PUBLIC_URL), init));
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: text.startsWith("{") ? JSON.parse(text) : null };
  };

/** A page of the platform in a browser of its own, signed in as a user. */
export async function pageOf(test: TestApp, id: string, groupId?: string | null): Promise<{ call: Caller; cookie: string }> {
  const { token } = await test.app.provisionUser({ id, ...(groupId !== undefined && { groupId }) });
  const bearer = { authorization: `Bearer ${token}` };
  const { headers } = await callerOf(test, { ...bearer, origin: WEB_ORIGIN })("POST", "/platform_user/sessions");
  const cookie = (headers.getSetCookie()[0] ?? "").split(";", 1)[0] ?? "";
  return { call: callerOf(test, { ...bearer, origin: WEB_ORIGIN, cookie }), cookie };
}

/** A pair of API keys as Basic authentication. */
export const basicOf = ({ id, secret }: { id: string; secret: string }): string =>
  `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;

/** What a server with a new API key of this gateway sends. */
export async function createServerHeaders({ config, clock }: Pick<TestApp, "config" | "clock">): Promise<{ authorization: string }> {
  const services = await openServices(config, clock, createLog("silent"));
  const key = await services.auth.apiKeys.create(null);
  await services.close();
  return { authorization: basicOf(key) };
}

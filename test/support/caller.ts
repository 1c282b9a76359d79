import { randomUUID } from "node:crypto";
import { createAuth } from "../../gateway/auth/index.ts";
import { createRowMacs } from "../../gateway/store/row-macs.ts";
import { createSealer } from "../../gateway/store/sealing.ts";
import { openDatabase } from "../../gateway/store/open.ts";
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

/** A server with an API key of this gateway. */
export async function createServerHeaders(test: TestApp): Promise<{ authorization: string }> {
  const database = await openDatabase(test.database.url, { clock: test.clock });
  const keys = test.config.sealingKeys ?? [];
  const log = { warn() {}, error() {} };
  const auth = await createAuth({
    database,
    sealer: createSealer(keys),
    macs: createRowMacs(keys, log),
    clock: test.clock,
    publicUrl: PUBLIC_URL,
    webOrigins: [],
    issuers: [],
    log,
  });
  const { id, secret } = await auth.apiKeys.create(randomUUID());
  await auth.close();
  await database.close();
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}` };
}

/** A gateway with a vault, as the proof of withholding needs it. Imported by tests only. */
import { createServerHeaders } from "../support/caller.ts";
import { PUBLIC_URL, startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../support/test-app.ts";
import { type Gateway, KEYED, KINDS } from "./world.ts";

/** A gateway with a vault, its test app, and browsers before it. */
export interface PlainGateway extends Gateway {
  test: TestApp;
  userOf(id: string): Promise<TestUser>;
}

export async function startPlainGateway(options: TestAppOptions = {}): Promise<PlainGateway> {
  const test = await startTestApp({ provider: { recordSecrets: false }, ...KINDS, connectors: [KEYED], ...options });
  const browsers = new Map<string, TestUser>();
  async function userOf(id: string): Promise<TestUser> {
    const user = browsers.get(id) ?? (await test.signIn(id));
    browsers.set(id, user);
    return user;
  }
  return {
    test,
    userOf,
    app: test.app,
    provider: test.provider,
    clock: test.clock,
    logged: test.logged,
    server: await createServerHeaders(test),
    async provision(id, groupId) {
      const { token } = await test.app.provisionUser({ id, ...(groupId !== undefined && { groupId }) });
      return { token };
    },
    visit: async (id, authorizeUrl) =>
      (await userOf(id)).browser.fetch(
        authorizeUrl.startsWith(PUBLIC_URL) ? authorizeUrl : (await test.provider.authorize(authorizeUrl)).href,
      ),
    sendAs: async (id) => (await userOf(id)).browser.fetch,
    close: test.close,
  };
}

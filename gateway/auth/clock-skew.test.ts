import { afterEach, describe, expect, it } from "vitest";
import { createServerHeaders } from "../../test/support/caller.ts";
import { startTestApp, type TestApp, PUBLIC_URL } from "../../test/support/test-app.ts";
import { type ChildGateway, startChild } from "../../test/support/child-gateway.ts";

const HOUR_MS = 3_600_000;
/** A session token lives for ten minutes, and a one-time token for one. */
const TOKEN_LIFE_MS = 600_000;
const JSON_TYPE = { "content-type": "application/json" };

let test: TestApp;
let child: ChildGateway | undefined;
afterEach(async () => {
  await child?.kill("SIGKILL");
  await test?.close();
});

const asGraphql = (query: string) => JSON.stringify({ query });

async function post(path: string, headers: Record<string, string>, body: string): Promise<Response> {
  return test.app.fetch(new Request(`${PUBLIC_URL}${path}`, { method: "POST", headers: { ...JSON_TYPE, ...headers }, body }));
}

/** What the machine with the right clock issues. */
async function issue() {
  const { token: userToken } = await test.app.provisionUser({ id: "ada" });
  const user = { authorization: `Bearer ${userToken}` };
  const login = await (await post("/graphql", {}, asGraphql(`mutation { login(token: "${userToken}") { token } }`))).json();
  const createOneTimeToken = async () => (await (await post("/api/platform_user/sessions/ott", user, "{}")).json()).ott;
  const session = { authorization: `Bearer ${login.data.login.token}` };
  return {
    user,
    session,
    key: await createServerHeaders(test),
    oneTime: [await createOneTimeToken(), await createOneTimeToken()],
  };
}

describe.each([
  ["slow", -HOUR_MS],
  ["fast", HOUR_MS],
])("a machine over the same Postgres whose clock is an hour %s", (_name, clockLeadMs) => {
  it("judges tokens and keys of others correctly, as others judge its own", { timeout: 60_000 }, async () => {
    test = await startTestApp({ database: "postgres" });
    const { user, session, key, oneTime } = await issue();
    child = await startChild(test, "ada", { clockLeadMs });
    const askThere = (headers: Record<string, string>, query: string) =>
      child?.send("/graphql", { ...JSON_TYPE, ...headers }, asGraphql(query)).then(({ status, text }) => ({ status, ...JSON.parse(text) }));
    const redeemThere = async (token: string) =>
      (await child?.send("/authorizations/redeem", { ...JSON_TYPE, origin: PUBLIC_URL }, JSON.stringify({ token })))?.status;

    for (const headers of [user, session]) expect((await askThere(headers, "{ viewer { id } }")).data).toEqual({ viewer: { id: "ada" } });
    expect((await askThere(key, '{ user(id: "ada") { id } }')).data).toEqual({ user: { id: "ada" } });
    expect(await redeemThere(oneTime[0])).toBeLessThan(300);

    const made = await askThere(key, 'mutation { provisionUser(input: { id: "grace" }) { token } }');
    const grace = { authorization: `Bearer ${made.data.provisionUser.token}` };
    expect((await (await post("/graphql", grace, asGraphql("{ viewer { id } }"))).json()).data).toEqual({ viewer: { id: "grace" } });

    test.clock.advance(TOKEN_LIFE_MS);
    await child.advance(TOKEN_LIFE_MS);
    expect([(await askThere(session, "{ viewer { id } }")).status, await redeemThere(oneTime[1])]).toEqual([401, 401]);
    expect((await askThere(user, "{ viewer { id } }")).data).toEqual({ viewer: { id: "ada" } });
  });
});

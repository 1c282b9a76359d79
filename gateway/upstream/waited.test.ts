import { once } from "node:events";
import { createServer } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createServerHeaders } from "../../test/support/caller.ts";
import { ask, type GraphqlAnswer, sendTo, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { HOUR_MS } from "../../test/support/vault.ts";
import { createLog } from "../runtime/log.ts";
import { openServices, type Services } from "../services.ts";

const FIELD = `accessToken(where: { slug: "test" }) { __typename ... on AccessToken { value } }`;
const AS_USER = `{ ${FIELD} }`;
const AS_SERVER = `{ user(id: "ada") { ${FIELD} } }`;

let test: TestApp;
let ada: TestUser;
let services: Services;
beforeEach(async () => {
  test = await startTestApp();
  ada = await test.signIn("ada");
  services = await openServices(test.config, test.clock, createLog("silent"));
  await ada.connect();
  // Its token has ended.
  test.clock.advance(HOUR_MS);
});
afterEach(async () => {
  await services.close();
  await test.close();
});

/** Asks for the token, changes something while the provider is asked for a new one, and answers what is told in the end. */
async function askMeanwhile(
  query: string,
  headers: Record<string, string>,
  change: () => Promise<unknown>,
): Promise<Pick<GraphqlAnswer, "data" | "errors">> {
  const hold = test.provider.controls.hold();
  const asking = ask(sendTo(test.app), query, {}, headers);
  await hold.arrived(1);
  test.clock.advance(1);
  await change();
  hold.release();
  return asking;
}

describe("a token that was waited for", () => {
  const asAda = async () => ({ authorization: `Bearer ${await ada.bearer()}` });

  it("is given where nothing has changed", async () => {
    const { data } = await askMeanwhile(AS_USER, await asAda(), () => Promise.resolve());
    expect(data.accessToken.__typename).toBe("AccessToken");
  });

  it("is not given to a user who has come into a group meanwhile", async () => {
    const { data } = await askMeanwhile(AS_USER, await asAda(), () => test.app.provisionUser({ id: "ada", groupId: "acme" }));
    expect(data.accessToken).toEqual({ __typename: "TokenWithheld" });
  });

  it("is not given to a user whose tokens were revoked meanwhile", async () => {
    const { data, errors } = await askMeanwhile(AS_USER, await asAda(), () => services.auth.users.revoke("ada"));
    expect([data, errors[0]?.extensions.code]).toEqual([null, "UNAUTHENTICATED"]);
  });

  it("is not given to a server whose key was revoked meanwhile", async () => {
    const headers = await createServerHeaders(test);
    const [key] = await services.auth.apiKeys.list();
    const { data, errors } = await askMeanwhile(AS_SERVER, headers, () => services.auth.apiKeys.revoke(key?.id ?? ""));
    expect([data?.user ?? null, errors[0]?.extensions.code]).toEqual([null, "UNAUTHENTICATED"]);
  });
});

/** A provider that has everything asked of its introspection, and answers once it is told to. */
async function startSlowIntrospection() {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  let noteAsked = () => {};
  const asked = new Promise<void>((resolve) => (noteAsked = resolve));
  const server = createServer((_request, response) => {
    noteAsked();
    void released.then(() => response.setHeader("content-type", "application/json").end('{"active":true}'));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = address && typeof address === "object" ? address.port : 0;
  return { url: `http://127.0.0.1:${port}/introspect`, asked, release, close: () => void server.close() };
}

it("a token that was checked is not given of a connection that was disconnected meanwhile", async () => {
  const introspection = await startSlowIntrospection();
  const own = await startTestApp({ facts: { introspection_endpoint: introspection.url, userinfo: [] } });
  const ben = await own.signIn("ben");
  await ben.connect();
  const asking = ben.graphql(`{ accessToken(where: { slug: "test" }, verify: true) { __typename } }`);
  await introspection.asked;
  await ben.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
  introspection.release();
  expect((await asking).data.accessToken).toEqual({ __typename: "NotConnected" });
  await own.close();
  introspection.close();
});

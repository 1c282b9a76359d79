import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { databaseKinds } from "../test/support/databases.ts";
import { startTestApp, type TestApp } from "../test/support/test-app.ts";

let test: TestApp | undefined;
afterEach(async () => {
  await test?.close();
  test = undefined;
});

const TOKEN = `query ($rejected: String) { accessToken(where: { slug: "test" }, rejected: $rejected) { __typename ... on AccessToken { value fingerprint } ... on NotConnected { connectorUrl } } }`;

describe.each(databaseKinds)("the straight path on %s", (database) => {
  it("goes from connecting to a token, and to a fresh one after expiry", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    expect((await ada.graphql(TOKEN)).data.accessToken).toEqual({
      __typename: "NotConnected",
      connectorUrl: "http://localhost:4000/connectors/test",
    });
    const page = await ada.connect();
    expect(page.status).toBe(200);
    const first = (await ada.graphql(TOKEN)).data.accessToken;
    expect(first.__typename).toBe("AccessToken");
    test.clock.advance(3_600_000);
    const second = (await ada.graphql(TOKEN)).data.accessToken;
    expect(second.__typename).toBe("AccessToken");
    expect(second.value).not.toBe(first.value);
    expect(test.provider.refreshCount()).toBe(1);
  });
});

it("masks an error that no route handles, and logs it under the id that it answers", async () => {
  test = await startTestApp();
  const ada = await test.signIn("ada");
  await test.app.close();
  const response = await ada.browser.fetch("/connect/test", { headers: { accept: "application/json" } });
  const { error, code } = z.object({ error: z.string(), code: z.string() }).parse(await response.json());
  expect({ status: response.status, code }).toEqual({ status: 500, code: "INTERNAL" });
  const id = /[0-9a-f-]{36}$/.exec(error)?.[0] ?? "none";
  expect(test.logged.filter((line) => line.includes(id))).toHaveLength(1);
});

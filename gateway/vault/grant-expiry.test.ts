import { afterEach, describe, expect, it } from "vitest";
import { callerOf, createServerHeaders } from "../../test/support/caller.ts";
import { startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS } from "../../test/support/vault.ts";

const DAY_MS = 86_400_000;
const DAY_SECONDS = 86_400;

let test: TestApp;
afterEach(() => test?.close());

async function start(options: TestAppOptions = {}): Promise<TestUser> {
  test = await startTestApp(options);
  return test.signIn("ada");
}

const stating = (members: Record<string, unknown>) => test.provider.controls.next({ answer: members });

/** Milliseconds from now until the grant ends, as its user is told; null when unknown. */
async function shownTo(user: TestUser): Promise<number | null> {
  const { data } = await user.graphql(`{ connections { authorization { grantExpiresAt } } }`);
  const shown: string | null = data.connections[0].authorization.grantExpiresAt;
  return shown === null ? null : Date.parse(shown) - test.clock.now();
}

describe("the end of a grant", () => {
  it("is unknown where the provider does not tell", async () => {
    const ada = await start();
    await ada.connect();
    expect(await shownTo(ada)).toBeNull();
  });

  it("is what the token answer states", async () => {
    const ada = await start();
    stating({ refresh_token_expires_in: 30 * DAY_SECONDS });
    await ada.connect();
    expect(await shownTo(ada)).toBe(30 * DAY_MS);
  });

  it("is read where the provider's facts say, also as an instant", async () => {
    const ada = await start({ facts: { expiry: { refresh_path: "grant.ends" } } });
    stating({ grant: { ends: Math.floor(test.clock.now() / 1000) + 10 * DAY_SECONDS } });
    await ada.connect();
    expect(await shownTo(ada)).toBeCloseTo(10 * DAY_MS, -4);
  });

  it.each([0, -1, "soon", null])("is unknown where %j is stated", async (stated) => {
    const ada = await start();
    stating({ refresh_token_expires_in: stated });
    await ada.connect();
    expect(await shownTo(ada)).toBeNull();
  });

  it("is the provider's usual one where a new refresh token comes without it", async () => {
    const ada = await start({ facts: { expiry: { refresh_default: 60 * DAY_SECONDS } } });
    await ada.connect();
    expect(await shownTo(ada)).toBe(60 * DAY_MS);
    test.clock.advance(HOUR_MS);
    await askToken(ada);
    expect(await shownTo(ada)).toBe(60 * DAY_MS);
  });

  it("is replaced by each refresh that states it, and kept by others", async () => {
    const ada = await start();
    stating({ refresh_token_expires_in: 30 * DAY_SECONDS });
    await ada.connect();
    test.clock.advance(HOUR_MS);
    await askToken(ada);
    expect(await shownTo(ada)).toBe(30 * DAY_MS - HOUR_MS);
    test.clock.advance(HOUR_MS);
    stating({ refresh_token_expires_in: 20 * DAY_SECONDS });
    await askToken(ada);
    expect(await shownTo(ada)).toBe(20 * DAY_MS);
  });

  it("is told to servers over REST", async () => {
    const ada = await start();
    stating({ refresh_token_expires_in: DAY_SECONDS });
    await ada.connect();
    const server = callerOf(test, await createServerHeaders(test));
    const { text } = await server("GET", "/platform/users/ada/connections/test");
    expect(text).toContain(`"grant_expires_at":"${new Date(test.clock.now() + DAY_MS).toISOString()}"`);
  });
});

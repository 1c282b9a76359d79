import { afterEach, describe, expect, it } from "vitest";
import { createServerHeaders } from "../../test/support/caller.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { ask, COOKIES, sendTo, startTestApp, type TestApp, type TestUser, WEB_ORIGIN } from "../../test/support/test-app.ts";
import { createLog } from "../runtime/log.ts";
import { openServices } from "../services.ts";

let test: TestApp;
afterEach(() => test.close());

const REVOKE = "mutation ($id: ID!) { revokeSessions(input: { id: $id }) { user { id } count } }";
const REFRESH = "mutation { refreshSession { token } }";

const cookieOf = ({ browser }: TestUser) => ({
  cookie: `${COOKIES.session.name}=${browser.cookie(COOKIES.session.name)}`,
  origin: WEB_ORIGIN,
});
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
/** The code of the refusal, or undefined. */
const refusalOf = async (headers: Record<string, string>, query = "{ viewer { id } }", via = test.app) =>
  (await ask(sendTo(via), query, {}, headers)).errors[0]?.extensions.code;

describe.each(databaseKinds)("Revoking a user's sessions, on %s", (database) => {
  it("ends them in every browser and process, and leaves user tokens and other users alone", async () => {
    test = await startTestApp({ database });
    const server = await createServerHeaders(test);
    const twin = await test.startTwin();
    const [laptop, phone, bob] = [await test.signIn("ada"), await test.signIn("ada"), await test.signIn("bob")];
    const tokens = await Promise.all(
      [laptop, phone].map(async (each) => String((await ask(sendTo(test.app), REFRESH, {}, cookieOf(each))).data.refreshSession.token)),
    );
    const services = await openServices(test.config, test.clock, createLog("silent"));
    const { token: oneTimeToken } = await services.auth.oneTimeTokens.create("ada");
    for (const token of tokens) expect(await refusalOf(bearer(token), undefined, twin)).toBeUndefined();
    test.clock.advance(1);
    const revoke = () => ask(sendTo(test.app), REVOKE, { id: "ada" }, server);
    expect((await revoke()).data.revokeSessions).toEqual({ user: { id: "ada" }, count: 2 });
    expect((await revoke()).data.revokeSessions).toEqual({ user: { id: "ada" }, count: 0 });
    for (const via of [test.app, twin]) {
      for (const token of tokens) await expect.poll(() => refusalOf(bearer(token), undefined, via)).toBe("UNAUTHENTICATED");
      for (const each of [laptop, phone]) expect(await refusalOf(cookieOf(each), REFRESH, via)).toBe("UNAUTHENTICATED");
      expect(await refusalOf(cookieOf(bob), REFRESH, via)).toBeUndefined();
    }
    expect(await services.auth.oneTimeTokens.redeem(oneTimeToken)).toBeNull();
    await services.close();
    expect(await refusalOf(bearer(await laptop.bearer()))).toBeUndefined();
    await laptop.browser.signIn(await laptop.bearer());
    expect(await refusalOf(cookieOf(laptop), REFRESH)).toBeUndefined();
  });

  it("is NOT_FOUND for an unknown user and FORBIDDEN to the user", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    const { errors } = await ask(sendTo(test.app), REVOKE, { id: "nobody" }, await createServerHeaders(test));
    expect(errors[0]?.extensions.code).toBe("NOT_FOUND");
    expect((await ada.graphql(REVOKE, { id: "ada" })).errors[0]?.extensions.code).toBe("FORBIDDEN");
  });
});

import { describe, expect, it, onTestFinished } from "vitest";
import { createFakeHarness, createPlainHarness, type FakeXkitHarness } from "../../../test/support/fake-xkit-harness.ts";
import { asAda, plainConnection, READ_SLACK, sessionOf, SLACK, startPlainXkit, TOKEN } from "../../../test/support/scripted-xkit.ts";
import { anyToken, newConnection, type SuiteUser, TEST } from "../../upstream-suite/harness.ts";

const SESSION = "GET /platform_user/session";
const READ = `${READ_SLACK}?authorization_header=true&viewer=true`;

async function start(createHarness: () => Promise<FakeXkitHarness>): Promise<FakeXkitHarness> {
  const harness = await createHarness();
  onTestFinished(harness.close);
  return harness;
}

/** What the fake is asked while something is done. */
async function requestsOf({ requests }: FakeXkitHarness, act: () => Promise<unknown>): Promise<string[]> {
  const before = requests.length;
  await act();
  return requests.slice(before).map((request) => request.replace("/api/platform_user", ""));
}

async function connectTest({ connections, visit }: SuiteUser): Promise<string> {
  const started = await connections.start("test", newConnection);
  await visit(started.authorization?.authorizeUrl ?? null);
  return started.id;
}

describe("an upstream that says beside a connection whose the bearer is", () => {
  it("is asked once for a token, once it has said so", async () => {
    const harness = await start(createFakeHarness);
    const ada = await harness.signIn("ada");
    const id = await connectTest(ada);
    const read = () => requestsOf(harness, async () => ada.connections.accessToken(TEST, anyToken));
    expect(await read()).toEqual(["GET /session", "GET /connections/test?authorization_header=true&viewer=true"]);
    expect(await read()).toEqual(["GET /connections/test?authorization_header=true&viewer=true"]);
    expect(await requestsOf(harness, () => ada.connections.find({ id }))).toEqual([`GET /connection/${id}?access_token=false`]);
  });

  it("gives a member no token", async () => {
    const harness = await start(createFakeHarness);
    const grace = await harness.signIn("grace", "acme");
    await connectTest(grace);
    const ada = await harness.signIn("ada");
    await connectTest(ada);
    await ada.connections.accessToken(TEST, anyToken);
    expect(await grace.connections.accessToken(TEST, anyToken)).toMatchObject({ type: "TokenWithheld" });
  });

  const said = (before: object, after: object | null) => ({
    ...plainConnection(TOKEN, { token_problem: null }),
    viewer: { before, after },
  });
  const ada = { external_id: "ada", external_group_id: null };

  it.each([
    ["into a group", said(ada, null), sessionOf("ada", "team"), "TokenWithheld"],
    ["out of a group", said({ ...ada, external_group_id: "team" }, null), sessionOf("ada", null), "TokenWithheld"],
    ["to another user", said(ada, null), sessionOf("bob", null), "TemporarilyUnavailable"],
  ])("gives no token on a bearer that has gone %s meanwhile", async (_whither, answer, session, type) => {
    const fake = await startPlainXkit(said(ada, ada));
    expect(await asAda(fake).accessToken(SLACK, anyToken)).toMatchObject({ type: "AccessToken" });
    fake.on(READ_SLACK, answer);
    fake.on(SESSION, session);
    const outcome = await asAda(fake).accessToken(SLACK, anyToken);
    expect(outcome).toMatchObject({ type });
    expect(JSON.stringify(outcome)).not.toContain(TOKEN);
  });

  it("is asked who is asking again once it no longer says so", async () => {
    const fake = await startPlainXkit(said(ada, ada));
    await asAda(fake).accessToken(SLACK, anyToken);
    fake.on(READ_SLACK, plainConnection(TOKEN));
    const before = fake.requests.length;
    expect(await asAda(fake).accessToken(SLACK, anyToken)).toMatchObject({ type: "AccessToken" });
    expect(fake.requests.slice(before)).toEqual([READ, SESSION, READ, SESSION]);
  });

  it("is asked who is asking first once it has given a member a token", async () => {
    const member = { ...ada, external_group_id: "team" };
    const fake = await startPlainXkit(said(ada, ada));
    expect(await asAda(fake).accessToken(SLACK, anyToken)).toMatchObject({ type: "AccessToken" });
    fake.on(READ_SLACK, said(member, member));
    fake.on(SESSION, sessionOf("ada", "team"));
    expect(await asAda(fake).accessToken(SLACK, anyToken)).toMatchObject({ type: "TokenWithheld" });
    const before = fake.requests.length;
    expect(await asAda(fake).accessToken(SLACK, anyToken)).toMatchObject({ type: "TokenWithheld" });
    await asAda(fake).find(SLACK);
    expect(fake.requests.slice(before).filter((request) => request.startsWith(READ_SLACK))).toEqual([]);
  });

  it("is asked for its list once it has given a token that was not asked for", async () => {
    const fake = await startPlainXkit(said(ada, ada));
    await asAda(fake).accessToken(SLACK, anyToken);
    for (const request of [`${READ_SLACK}?access_token=false`, "GET /platform_user/connections?slug=slack"]) {
      const before = fake.requests.length;
      expect(await asAda(fake).find(SLACK)).toMatchObject({ enabled: true });
      expect(fake.requests.slice(before)).toContain(request);
    }
  });

  it("is not believed where what it says is no user", async () => {
    const fake = await startPlainXkit({ ...plainConnection(TOKEN), viewer: { before: "ada", after: "ada" } });
    expect(await asAda(fake).accessToken(SLACK, anyToken)).toMatchObject({ type: "AccessToken" });
    expect(fake.requests).toEqual([SESSION, READ, SESSION]);
  });
});

describe("a plain upstream", () => {
  it("is asked for no single connection for a member", async () => {
    const harness = await start(createPlainHarness);
    const [grace, hedy] = [await harness.signIn("grace", "acme"), await harness.signIn("hedy", "acme")];
    const asked = await requestsOf(harness, async () => {
      expect(await grace.connections.accessToken(TEST, anyToken)).toMatchObject({ type: "NotConnected" });
      const id = await connectTest(grace);
      for (const { connections } of [grace, hedy])
        for (const where of [TEST, { id }]) {
          expect(await connections.find(where)).toMatchObject({ id, enabled: true });
          expect(await connections.accessToken(where, anyToken)).toMatchObject({ type: "TokenWithheld" });
        }
      await grace.connections.disconnect(TEST);
      expect(await hedy.connections.find(TEST)).toBeNull();
      await expect(hedy.connections.accessToken({ slug: "nothing" }, anyToken)).rejects.toMatchObject({ code: "NOT_FOUND" });
    });
    expect(asked.filter((request) => /^GET \/connections?\//.test(request))).toEqual([]);
    expect(asked).toContain("GET /connections?slug=test");
  });

  it("is asked for a single connection without a need of its token only where its list does not have it", async () => {
    const harness = await start(createPlainHarness);
    const ada = await harness.signIn("ada");
    await connectTest(ada);
    const owner = { kind: "user", id: "ada" } as const;
    const finds = () => Promise.all([ada.connections.find(TEST), harness.platform.connectionsOf(owner).find(TEST)]);
    expect((await requestsOf(harness, finds)).filter((request) => request.includes("/connections/"))).toEqual([]);
    await ada.connections.disconnect(TEST);
    expect(await finds()).toMatchObject([{ enabled: false }, { enabled: false }]);
  });
});

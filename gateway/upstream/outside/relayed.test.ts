import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createServerHeaders } from "../../../test/support/caller.ts";
import { createTestDatabase, type TestDatabase } from "../../../test/support/databases.ts";
import { createMailHolder, type MailHolder } from "../../../test/support/mail-holder.ts";
import { ask, parseTestConfig, sendTo, WEB_ORIGIN } from "../../../test/support/test-app.ts";
import { type App, type Config, createApp, GatewayError, ownerOfViewer, type RelayedSession, type Viewer } from "../../index.ts";
import { createLog } from "../../runtime/log.ts";
import { createManualClock, type ManualClock } from "../../upstream-suite/manual-clock.ts";

const TOKEN = `{ accessToken(where: { slug: "mail" }) { __typename ... on AccessToken { value } ... on NotConnected { connectorUrl } } }`;
const ADA: Viewer = { userId: "ada", groupId: null, name: "Ada" };

describe("an adapter that says by itself who is asking", () => {
  let clock: ManualClock;
  let database: TestDatabase;
  let holder: MailHolder;
  let config: Config;
  let app: App;
  /** Whose each bearer and each session is; what was asked of the holder of tokens. */
  let bearers: Map<string, Viewer[]>;
  let sessions: Map<string, Viewer>;
  let tokensAsked: string[];

  /** Whose a bearer is: the first of its users, until there is one alone. */
  async function whoIs(bearer: string): Promise<Viewer> {
    const users = bearers.get(bearer) ?? [];
    const [viewer] = users.length > 1 ? users.splice(0, 1) : users;
    if (!viewer) throw new GatewayError("UNAUTHENTICATED", "The bearer is not known.");
    return viewer;
  }

  function sessionOf(cookie: string): RelayedSession {
    const viewer = sessions.get(cookie);
    if (!viewer) throw new GatewayError("UNAUTHENTICATED", "The session has ended.");
    bearers.set(`bearer-of-${viewer.userId}`, [viewer]);
    return { token: `bearer-of-${viewer.userId}`, expiresAt: new Date(clock.now() + 600_000), viewer, cookie };
  }

  beforeEach(async () => {
    clock = createManualClock();
    database = await createTestDatabase("sqlite");
    holder = createMailHolder();
    bearers = new Map([["bearer-of-ada", [ADA]]]);
    sessions = new Map();
    tokensAsked = [];
    config = parseTestConfig(database);
    app = await createApp(config, {
      clock,
      log: createLog("silent"),
      async upstream(runtime) {
        const adapter = await holder.open(runtime);
        return {
          ...adapter,
          forUser(viewer) {
            const held = adapter.forUser(viewer);
            return {
              ...held,
              accessToken(where, request) {
                tokensAsked.push(ownerOfViewer(viewer).id);
                return held.accessToken(where, request);
              },
            };
          },
          users: {
            origin: "https://service.example",
            whoIs,
            async login(userToken) {
              if (userToken !== "token-of-ada") throw new GatewayError("UNAUTHENTICATED", "The token is not good.");
              sessions.set("sid=1", ADA);
              return sessionOf("sid=1");
            },
            refresh: async (cookie) => sessionOf(cookie),
            logout: async (cookie) => void sessions.delete(cookie),
          },
        };
      },
    });
  });
  afterEach(async () => {
    await app.close();
    await database.drop();
  });

  const askWith = (bearer: string, query = TOKEN) => ask(sendTo(app), query, {}, { authorization: `Bearer ${bearer}` });

  it("gives the bearer's user their own token", async () => {
    await holder.hold({ kind: "user", id: "ada" });
    expect((await askWith("bearer-of-ada")).data.accessToken).toEqual({ __typename: "AccessToken", value: "the-token" });
  });

  it("shows a bearer that it does not know nothing", async () => {
    await holder.hold({ kind: "user", id: "ada" });
    const { data, errors } = await askWith("bearer-of-eve");
    expect({ data, code: errors[0]?.extensions.code }).toEqual({ data: null, code: "UNAUTHENTICATED" });
  });

  it("is asked for no token of a group by its member", async () => {
    await holder.hold({ kind: "group", id: "acme" });
    bearers.set("bearer-of-ben", [{ userId: "ben", groupId: "acme", name: null }]);
    expect((await askWith("bearer-of-ben")).data.accessToken).toEqual({ __typename: "TokenWithheld" });
    expect(tokensAsked).toEqual([]);
  });

  it("gives no token to a bearer that is another user's after it was read", async () => {
    await holder.hold({ kind: "user", id: "ada" });
    bearers.set("moved", [ADA, { userId: "ben", groupId: null, name: null }]);
    const answer = await askWith("moved");
    expect(answer.data.accessToken.__typename).toBe("TemporarilyUnavailable");
    expect(JSON.stringify(answer)).not.toContain("the-token");
  });

  it("gives no token to a bearer whose user has joined a group while it was read", async () => {
    await holder.hold({ kind: "user", id: "ada" });
    bearers.set("moved", [ADA, { ...ADA, groupId: "acme" }]);
    expect(JSON.stringify(await askWith("moved"))).not.toContain("the-token");
  });

  it("has its sessions passed on: login, a new bearer by the cookie, logout", async () => {
    const from = (cookie: string) => ({ origin: WEB_ORIGIN, cookie });
    const LOGIN = "mutation ($token: String!) { login(token: $token) { token viewer { id } } }";
    const refused = await ask(sendTo(app), LOGIN, { token: "token-of-eve" }, from(""));
    expect(refused.errors[0]?.extensions.code).toBe("UNAUTHENTICATED");
    const login = await ask(sendTo(app), LOGIN, { token: "token-of-ada" }, from(""));
    expect(login.data.login).toEqual({ token: "bearer-of-ada", viewer: { id: "ada" } });
    const cookie = (login.headers.getSetCookie()[0] ?? "").split(";")[0] ?? "";
    expect(cookie).not.toContain("sid=1");
    const REFRESH = "mutation { refreshSession { token } }";
    expect((await ask(sendTo(app), REFRESH, {}, from(cookie))).data.refreshSession).toEqual({ token: "bearer-of-ada" });
    await ask(sendTo(app), "mutation { logout }", {}, from(cookie));
    expect((await ask(sendTo(app), REFRESH, {}, from(cookie))).errors[0]?.extensions.code).toBe("UNAUTHENTICATED");
  });

  it("answers servers for every user, and makes none known here", async () => {
    await holder.hold({ kind: "user", id: "ada" });
    const headers = await createServerHeaders({ config, clock });
    const { data } = await ask(
      sendTo(app),
      `{ user(id: "ada") { accessToken(where: { slug: "mail" }) { ... on AccessToken { value } } } }`,
      {},
      headers,
    );
    expect(data.user.accessToken).toEqual({ value: "the-token" });
    await expect(app.provisionUser({ id: "ada" })).rejects.toMatchObject({ code: "FORBIDDEN" });
  });
});

import { readdirSync, readFileSync } from "node:fs";
import Libsql from "libsql";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { type App, createApp } from "../../gateway/app.ts";
import type { Config } from "../../gateway/config/config.ts";
import { createLog } from "../../gateway/runtime/log.ts";
import { openServices } from "../../gateway/services.ts";
import { macColumns, readCovered } from "../../gateway/store/covered-rows.ts";
import { listKeyUses } from "../../gateway/store/key-ids.ts";
import { migrations } from "../../gateway/store/migrations/index.ts";
import { openDatabase } from "../../gateway/store/open.ts";
import { keyedColumns } from "../../gateway/store/reseal.ts";
import { createRowMacs } from "../../gateway/store/row-macs.ts";
import { UPGRADE_WINDOW_MS } from "../../gateway/store/row-upgrade.ts";
import { hashSecret } from "../../gateway/store/sealing.ts";
import { type AuthorizationServer, startAuthorizationServer } from "../support/authorization-server.ts";
import { createManualClock, type ManualClock } from "../../gateway/upstream-suite/manual-clock.ts";
import { createEmptyDatabase, databaseKinds, run, type DatabaseKind, type TestDatabase } from "../support/databases.ts";
import { casesOf } from "../support/long.ts";
import { ask, COOKIES, createTestConfig, sendTo, WEB_ORIGIN } from "../support/test-app.ts";

const folder = new URL("./stores/", import.meta.url);
/** By the newest migration that its commit had; `make-stores.ts` wrote them. */
const releases = [...new Set(readdirSync(folder).map((name) => name.split(".")[0] ?? ""))].toSorted();

/** Those whose rows have no HMAC. */
const isUnsigned = (release: string) => release < "0008";

const factsSchema = z.object({
  keys: z.string(),
  now: z.number(),
  bearer: z.string(),
  session: z.string(),
  token: z.string(),
  apiKey: z.string(),
  oneTimeToken: z.string(),
});

let provider: AuthorizationServer;
let store: TestDatabase;
let clock: ManualClock;
let config: Config;
let logged: string[] = [];
const apps: App[] = [];
let cleanUp = async () => {};
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
  await cleanUp();
  logged = [];
});

/** Puts back what a commit has left, and answers what its users had. */
async function restore(release: string, kind: DatabaseKind) {
  const text = readFileSync(new URL(`${release}.${kind}.sql`, folder), "utf8");
  const facts = factsSchema.parse(JSON.parse(text.slice("-- ".length, text.indexOf("\n"))));
  store = await createEmptyDatabase(kind);
  if (kind === "postgres") await run(store.url, text);
  else {
    const file = new Libsql(store.url.slice("file:".length));
    file.exec(text);
    file.close();
  }
  clock = createManualClock(facts.now);
  provider = await startAuthorizationServer({ now: clock.now });
  cleanUp = async () => {
    await store.drop();
    await provider.close();
  };
  config = createTestConfig(provider, store, { env: { XKIT_ENCRYPTION_KEYS: facts.keys } });
  return facts;
}

const log = createLog("debug", { write: (line) => void logged.push(line) });

async function start(): Promise<App> {
  const app = await createApp(config, { clock, log });
  apps.push(app);
  return app;
}

async function inStore<Result>(statements: (query: Awaited<ReturnType<typeof openDatabase>>["query"]) => Promise<Result>): Promise<Result> {
  const database = await openDatabase(store.url, { clock });
  try {
    return await statements(database.query);
  } finally {
    await database.close();
  }
}

const basic = (apiKey: string) => ({ authorization: `Basic ${Buffer.from(apiKey).toString("base64")}` });
// The provider that these tokens are of is gone.
const TOKEN = `{ accessToken(where: { slug: "test" }, verify: false) { __typename ... on AccessToken { value } } }`;
const GROUP = `{ group(id: "acme") { connectionToken(where: { slug: "test" }, verify: false) } }`;

/** What the release before does while it still runs: it knows nothing of HMACs. */
const writeAsBefore = (session: string) =>
  inStore(async (query) => {
    const row = await query.selectFrom("sessions").selectAll().where("user_id", "=", "ada").executeTakeFirstOrThrow();
    await query
      .insertInto("sessions")
      .values({ ...row, id: "later", secret_hash: hashSecret(session), mac: null })
      .execute();
    await query
      .updateTable("authorizations")
      .set(({ eb }) => ({ expires_at: eb("expires_at", "+", 1_000) }))
      .execute();
    await query.updateTable("users").set({ group_id: "moved" }).where("id", "=", "bob").execute();
  });

it("has a store of each release whose shape another one changed", () => {
  // 0002 and 0003 came together.
  expect(releases, "make-stores.ts writes what is missing, at the commit before the newest migration").toEqual(
    migrations
      .slice(0, -1)
      .map(({ name }) => name)
      .filter((name) => name !== "0002-perhaps-rotated"),
  );
});

describe.each(databaseKinds)("A store of an earlier release, on %s", (kind) => {
  // The oldest, the last one without HMACs, and the newest.
  const standIns = [releases[0], releases.filter(isUnsigned).at(-1), releases.at(-1)];
  const tested = casesOf(releases, (release) => kind === "sqlite" || standIns.includes(release));

  it.each(tested)("(%s) is opened: tokens, sessions, API keys and links go on", async (release) => {
    const facts = await restore(release, kind);
    const app = await start();
    const bearer = { authorization: `Bearer ${facts.bearer}` };
    expect((await ask(sendTo(app), TOKEN, {}, bearer)).data.accessToken).toEqual({ __typename: "AccessToken", value: facts.token });
    const cookie = { cookie: `${COOKIES.session.name}=${facts.session}`, origin: WEB_ORIGIN };
    expect((await ask(sendTo(app), `mutation { refreshSession { token } }`, {}, cookie)).errors).toEqual([]);
    expect((await ask(sendTo(app), GROUP, {}, basic(facts.apiKey))).data.group.connectionToken).toMatch(/^access_/);
    const opened = await openServices(config, clock, createLog("silent"));
    expect(await opened.auth.oneTimeTokens.redeem(facts.oneTimeToken)).toBe("ada");
    await opened.close();
    expect((await inStore((query) => listKeyUses(query, keyedColumns))).map(({ keyId }) => keyId)).toEqual(["old"]);
    expect(logged.some((line) => line.includes("rows without an HMAC are accepted"))).toBe(isUnsigned(release));
  });

  it.each(tested.filter(isUnsigned))(
    "(%s) gets an HMAC for every row within a day, even for those that the earlier release writes meanwhile",
    async (release) => {
      const facts = await restore(release, kind);
      const app = await start();
      await writeAsBefore("x".repeat(43));
      const beside = await start();
      const bearer = { authorization: `Bearer ${facts.bearer}` };
      expect((await ask(sendTo(beside), TOKEN, {}, bearer)).data.accessToken).toEqual({ __typename: "AccessToken", value: facts.token });
      const cookie = { cookie: `${COOKIES.session.name}=${"x".repeat(43)}`, origin: WEB_ORIGIN };
      expect((await ask(sendTo(beside), `mutation { refreshSession { token } }`, {}, cookie)).errors).toEqual([]);
      clock.advance(UPGRADE_WINDOW_MS);
      await expect.poll(() => logged.filter((line) => line.includes("every row of the store has an HMAC")).length).toBe(2);
      const macs = createRowMacs(config.sealingKeys ?? [], log);
      await inStore(async (query) => {
        for (const { table } of macColumns) {
          const rows = await readCovered(query, table, { after: "", limit: 100 });
          expect([table, rows.map((row) => macs.verify(table, row))]).toEqual([table, rows.map(() => true)]);
          // Its release kept no audit, and had no page for operators.
          expect(rows.length, table).toBeGreaterThan(/^(audit|operator)_/.test(table) ? -1 : 0);
        }
        // From now on what the earlier release writes is refused.
        await query.updateTable("api_keys").set({ mac: null }).execute();
      });
      expect((await ask(sendTo(app), `{ user(id: "ada") { id } }`, {}, basic(facts.apiKey))).errors[0]?.extensions.code).toBe(
        "UNAUTHENTICATED",
      );
      logged = [];
      await start();
      expect(logged.join("")).not.toContain("rows without an HMAC are accepted");
    },
  );
});

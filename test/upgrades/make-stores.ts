/**
 * Writes a store as one commit leaves it, for `open-stores.test.ts`: `stores/<newest migration>.<kind>.sql`. A test, so that it runs in a
 * checkout of that commit with that commit's own parts:
 *
 *     git worktree add ../old <commit> && cd ../old && npm ci && mkdir -p test/upgrades
 *     cp <here>/make-stores.ts test/upgrades/make-stores.test.ts
 *     XKIT_STORES=<here>/stores npx vitest run test/upgrades/make-stores.test.ts
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { expect, it } from "vitest";
import { createLog } from "../../gateway/runtime/log.ts";
import { openServices } from "../../gateway/services.ts";
import { migrations } from "../../gateway/store/migrations/index.ts";
import { databaseKinds } from "../support/databases.ts";
import { startTestApp } from "../support/test-app.ts";
import { askToken, inStore } from "../support/vault.ts";

const KEYS = `old:${Buffer.alloc(32, 7).toString("base64")}`;

it.each(databaseKinds)("writes a store on %s", async (kind) => {
  const test = await startTestApp({ database: kind, env: { XKIT_ENCRYPTION_KEYS: KEYS } });
  const ada = await test.signIn("ada");
  await ada.connect();
  const grace = await test.signIn("grace", "acme");
  await grace.connect();
  const bob = await test.signIn("bob");
  await bob.connect();
  await bob.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
  await bob.browser.fetch("/connect/test");
  const eve = await test.signIn("eve");
  await eve.browser.fetch("/connect/test");
  const services = await openServices(test.config, test.clock, createLog("silent"));
  const { id, secret } = await services.auth.apiKeys.create("backend");
  await services.auth.apiKeys.revoke((await services.auth.apiKeys.create("revoked")).id);
  const { token: oneTimeToken } = await services.auth.oneTimeTokens.create("ada");
  await services.auth.sessions.end((await services.auth.sessions.start("bob")).id);
  await services.auth.signingKeys.rotate();
  await services.close();
  const { value: token } = await askToken(ada);
  expect(token).toMatch(/^access_/);
  const facts = {
    keys: KEYS,
    now: test.clock.now(),
    bearer: await ada.bearer(),
    session: ada.browser.cookies("").find(([name]) => name.endsWith("session"))?.[1],
    token,
    apiKey: `${id}:${secret}`,
    oneTimeToken,
  };
  const newest = migrations.at(-1)?.name ?? "";
  const directory = process.env["XKIT_STORES"] ?? ".";
  writeFileSync(join(directory, `${newest}.${kind}.sql`), `-- ${JSON.stringify(facts)}\n${await inStore(test, dump)}`);
  await test.close();
});

/** Parents before children. */
const tables = ["migrations", "signing_keys", "users", "groups", "sessions", "one_time_tokens", "api_keys", "connections"];
const children = ["authorizations", "attempts", "upstream_attempts", "restored_backups", "rates", "upgrades", "persons"];
const audit = ["audit_events", "audit_heads", "audit_checkpoints", "connection_uses"];

async function dump(query: Parameters<Parameters<typeof inStore>[1]>[0]): Promise<string> {
  const shape = [
    "create table migrations (name text primary key, checksum text not null, applied_at bigint not null)",
    ...migrations.flatMap(({ statements }) => statements),
  ];
  const there = new Set((await query.introspection.getTables({ withInternalKyselyTables: true })).map(({ name }) => name));
  const rows: string[] = [];
  for (const table of [...tables, ...children, ...audit].filter((name) => there.has(name))) {
    const { rows: found } = await sql`select * from ${sql.table(table)} order by 1`.execute(query);
    for (const row of found) {
      const values = Object.entries(row ?? {}).filter(([, value]) => value !== null);
      const texts = values.map(([, value]) => (typeof value === "number" ? String(value) : `'${String(value).replaceAll("'", "''")}'`));
      rows.push(`insert into ${table} (${values.map(([column]) => column).join(", ")}) values (${texts.join(", ")})`);
    }
  }
  return [...shape.map((statement) => statement.replaceAll(/\s+/g, " ")), ...rows].map((statement) => `${statement};\n`).join("");
}

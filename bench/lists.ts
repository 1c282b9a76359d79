/**
 * `npm run bench:lists`: what a page of a server's list takes among a million connections, by each filter, on SQLite and on Postgres: the
 * whole request through `app.fetch`, answered in this process. Prints it. `-- --quick` has 20,000 connections.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sql } from "kysely";
import { z } from "zod";
import { type App, createApp } from "../gateway/app.ts";
import { parseConfig } from "../gateway/config/config.ts";
import { systemClock } from "../gateway/runtime/clock.ts";
import { createLog } from "../gateway/runtime/log.ts";
import { openDatabase } from "../gateway/store/open.ts";
import { createSealingKey } from "../gateway/store/sealing.ts";
import { insertMany } from "../test/support/many-connections.ts";
import { fillStore } from "./fill.ts";
import { connectorsOf, CONNECTOR, LONG_LIFE_SECONDS } from "./gateway.ts";
import { startPostgres } from "./postgres.ts";

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false }, only: { type: "string", default: "" } } });
const CONNECTIONS = values.quick ? 20_000 : 1_000_000;
const PAGE_SIZE = 50;
const PAGES = 200;
/** Pages before those that are counted. */
const WARM_UP_PAGES = 50;

/** A number's place in no order, as ids have none: a product modulo a power of two meets each once. */
const scattered = "(10000000000 + (cast(i as bigint) * 2654435761) % 4294967296)";
/** As wide as the vault's. Nothing of them is opened. */
const envelope = `'s1.bench.${"x".repeat(140)}'`;
/** One in a thousand ended, and one that the provider refuses for now. */
const rows = {
  connection: {
    id: `'c' || ${scattered}`,
    authorization_id: `'a' || ${scattered}`,
    owner_id: "'user-' || i",
    connector_slug: `'${CONNECTOR}'`,
    updated_at: "1780000000000 + i",
  },
  authorization: {
    id: `'a' || ${scattered}`,
    connection_id: `'c' || ${scattered}`,
    account_id: "'account-' || i",
    display_label: "'label-' || i",
    status: "case when i % 1000 = 1 then 'error' else 'active' end",
    failure_kind: "case when i % 1000 = 2 then 'temporary' end",
    sealed_access_token: envelope,
    sealed_refresh_token: envelope,
  },
};

const QUERY = `query ($after: String, $filter: ConnectionFilter) { allConnections(first: ${PAGE_SIZE}, after: $after, filter: $filter) {
  pageInfo { hasNextPage endCursor }
  edges { cursor node { id enabled updatedAt owner { kind id } connector { slug name } authorization { id status health displayLabel scopes expiresAt } } } } }`;
const TOTAL = `query ($filter: ConnectionFilter) { allConnections(first: 1, filter: $filter) { totalCount } }`;

const pageSchema = z.object({
  data: z.object({
    allConnections: z.object({
      pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
      edges: z.array(z.unknown()),
    }),
  }),
});

async function ask(app: App, authorization: string, query: string, variables: object): Promise<unknown> {
  const headers = { "content-type": "application/json", authorization };
  const request = new Request("http://localhost:4000/graphql", { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  const answer = await (await app.fetch(request)).text();
  if (answer.includes('"errors"')) throw new Error(answer);
  return JSON.parse(answer);
}

/** Goes through a list, from its start again at its end, and prints what its pages took. */
async function measureList(app: App, authorization: string, name: string, filter: object): Promise<void> {
  const times: number[] = [];
  let before = process.cpuUsage();
  let [after, entries]: [string | null, number] = [null, 0];
  for (let page = 0; page < WARM_UP_PAGES + PAGES; page += 1) {
    if (page === WARM_UP_PAGES) before = process.cpuUsage();
    const startedAt = performance.now();
    const answer: unknown = await ask(app, authorization, QUERY, { after, filter });
    const { pageInfo, edges } = pageSchema.parse(answer).data.allConnections;
    if (page >= WARM_UP_PAGES) {
      times.push(performance.now() - startedAt);
      entries += edges.length;
    }
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  }
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  const { user, system } = process.cpuUsage(before);
  const cpu = ((user + system) / PAGES / 1000).toFixed(1);
  console.log(
    `  ${name}: ${cpu} ms of CPU, p50 ${at(0.5)} p90 ${at(0.9)} p99 ${at(0.99)} ms, ${(entries / PAGES).toFixed(0)} entries a page`,
  );
}

async function measureStore(name: string, databaseUrl: string): Promise<void> {
  const env = { XKIT_PUBLIC_URL: "http://localhost:4000", XKIT_ENCRYPTION_KEYS: createSealingKey("bench"), DATABASE_URL: databaseUrl };
  const file = { platform: { name: "Bench" }, connectors: connectorsOf({}) };
  const { key } = await fillStore(env, file, { users: 1, lifetimeSeconds: LONG_LIFE_SECONDS });
  const database = await openDatabase(databaseUrl, { clock: systemClock });
  if (database.kind === "sqlite") await sql`pragma cache_size = -2000000`.execute(database.query);
  await insertMany(database.query, CONNECTIONS, rows);
  await database.close();
  const app = await createApp(parseConfig(env, { path: "xkit.config.json", text: JSON.stringify(file) }), { log: createLog("silent") });
  const authorization = `Basic ${Buffer.from(`${key.publishable}:${key.secret}`).toString("base64")}`;
  console.log(`${name}, ${CONNECTIONS} connections:`);
  const filters: [string, object][] = [
    ["no filter", {}],
    ["a connector that all have", { connector: CONNECTOR }],
    ["working", { health: "WORKING" }],
    ["reconnect required, one in a thousand", { health: "RECONNECT_REQUIRED" }],
    ["unavailable, one in a thousand", { health: "UNAVAILABLE" }],
    ["changed since", { updatedSince: "2026-01-01T00:00:00Z" }],
    ["an owner", { owner: { user: "user-7" } }],
    ["an account", { accountId: "account-7" }],
    ["changed since, one in a thousand unavailable", { updatedSince: "2026-01-01T00:00:00Z", health: "UNAVAILABLE" }],
  ];
  for (const [title, filter] of filters) await measureList(app, authorization, title, filter);
  for (const [title, filter] of filters.slice(0, 4)) {
    const startedAt = performance.now();
    await ask(app, authorization, TOTAL, { filter });
    console.log(`  total, ${title}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  }
  await app.close();
}

if (values.only !== "postgres") {
  const directory = mkdtempSync(join(tmpdir(), "xkit-bench-"));
  await measureStore("SQLite", `file:${join(directory, "xkit.db")}`);
  rmSync(directory, { recursive: true });
}
if (values.only !== "sqlite") {
  const postgres = await startPostgres();
  await measureStore("Postgres", postgres.url);
  await postgres.stop();
}

import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setImmediate as nextTurn } from "node:timers/promises";
import { sql } from "kysely";
import Libsql from "libsql";
import { inject } from "vitest";
import { z } from "zod";
import type { App } from "../../gateway/app.ts";
import { ask, PUBLIC_URL, sendTo, type TestApp, type TestUser } from "./test-app.ts";
import type { Database } from "../../gateway/store/database.ts";
import { openDatabase } from "../../gateway/store/open.ts";
import type { AuthorizationRow } from "../../gateway/store/tables.ts";

export const HOUR_MS = 3_600_000;

const TOKEN = `query ($where: ConnectionWhere!, $minimumTtl: Int, $rejected: String, $verify: Boolean) {
  accessToken(where: $where, minimumTtl: $minimumTtl, rejected: $rejected, verify: $verify) {
    __typename
    ... on AccessToken { value tokenType expiresAt scopes missingScopes fingerprint connection { id authorization { status } } }
    ... on NotConnected { message connectorUrl }
    ... on ReconnectRequired { message reason connectorUrl connection { id authorization { status errorCode errorMessage } } }
    ... on TokenWithheld { message }
    ... on TemporarilyUnavailable { message retryAfter }
    ... on MinimumTtlUnavailable { message maximumTtl }
    ... on ConnectorMisconfigured { message }
  }
}`;

const connectionSchema = z.object({
  id: z.string(),
  authorization: z.object({ status: z.string(), errorCode: z.string().nullish(), errorMessage: z.string().nullish() }).nullable(),
});
const answerSchema = z.object({
  __typename: z.string(),
  value: z.string().optional(),
  expiresAt: z.string().nullish(),
  fingerprint: z.string().optional(),
  scopes: z.array(z.string()).optional(),
  missingScopes: z.array(z.string()).optional(),
  retryAfter: z.number().optional(),
  maximumTtl: z.number().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
  connectorUrl: z.string().optional(),
  connection: connectionSchema.optional(),
});
const answersSchema = z.array(answerSchema);
const responseSchema = z.object({ status: z.int(), text: z.string() });

/** One member of `AccessTokenResult`, as it came over HTTP. */
export type TokenAnswer = z.output<typeof answerSchema>;

export interface Asked {
  where?: { slug: string } | { id: string };
  minimumTtl?: number;
  rejected?: string | undefined;
  verify?: boolean;
  /** Another process than the user's browser talks to. */
  via?: Pick<App, "fetch">;
}

/** Asks for a token over GraphQL. Throws when the answer is an error. */
export async function askToken(user: TestUser, { where = { slug: "test" }, via, ...args }: Asked = {}): Promise<TokenAnswer> {
  const variables = { where, ...args };
  const { data, errors } = via
    ? await ask(sendTo(via), TOKEN, variables, { authorization: `Bearer ${await user.bearer()}` })
    : await user.graphql(TOKEN, variables);
  if (errors.length > 0) throw new Error(JSON.stringify(errors));
  return answerSchema.parse(data.accessToken);
}

/** The refreshes that reached the provider. */
export const refreshRequests = ({ provider }: TestApp) => provider.tokenRequests.filter(({ grantType }) => grantType === "refresh_token");

/** Reads or changes the store past the gateway. */
export async function inStore<Result>(test: TestApp, statements: (query: Database["query"]) => Promise<Result>): Promise<Result> {
  const database = await openDatabase(test.database.url, { clock: test.clock });
  try {
    return await statements(database.query);
  } finally {
    await database.close();
  }
}

/** The only authorization in the store. */
export async function onlyAuthorization(test: TestApp): Promise<AuthorizationRow> {
  const [row, ...more] = await inStore(test, (query) => query.selectFrom("authorizations").selectAll().execute());
  if (!row || more.length > 0) throw new Error(`There are ${more.length + (row ? 1 : 0)} authorizations.`);
  return row;
}

/**
 * Takes the store's grants away: every statement on them fails until `comeBack`. No lock is held and no connection breaks, so this is the
 * same on both stores.
 */
export async function takeStoreAway(test: TestApp): Promise<{ comeBack(): Promise<void> }> {
  const rename = (from: string, to: string) => inStore(test, (query) => sql.raw(`alter table ${from} rename to ${to}`).execute(query));
  await rename("authorizations", "authorizations_away");
  return { comeBack: async () => void (await rename("authorizations_away", "authorizations")) };
}

/** Tells whether anything was written to the store: SQLite counts the commits of others, Postgres marks each version of a row. */
export async function countWrites({ database, clock }: TestApp): Promise<{ read(): Promise<unknown>; close(): Promise<void> }> {
  if (database.kind === "sqlite") {
    const file = new Libsql(database.url.slice("file:".length));
    const version = file.prepare("pragma data_version").pluck();
    return { read: async () => JSON.stringify(version.get(), ["data_version"]), close: async () => void file.close() };
  }
  const store = await openDatabase(database.url, { clock });
  const tables = ["connections", "authorizations", "attempts", "users", "groups", "sessions", "one_time_tokens", "signing_keys"];
  const versions = sql.raw(tables.map((table) => `select '${table}' as name, xmin::text as version from ${table}`).join(" union all "));
  return { read: async () => (await sql`${versions} order by 1, 2`.execute(store.query)).rows, close: store.close };
}

/** Lets everything go on that waits for nothing but its turn. */
export async function turns(count = 20): Promise<void> {
  for (let index = 0; index < count; index += 1) await nextTurn();
}

/** A gateway in a process of its own, over the store of a test. */
export interface ChildGateway {
  /** Asks for the token so many times at once; resolves with every answer. */
  ask(times: number): Promise<TokenAnswer[]>;
  /** Moves its clock on. */
  advance(milliseconds: number): Promise<void>;
  /** Makes so many users known, one after the other. */
  provision(prefix: string, times: number): Promise<void>;
  /** Sends a request to it: a GET without a body, else a POST. */
  send(path: string, headers: Record<string, string>, body?: string): Promise<{ status: number; text: string }>;
  kill(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGTERM"): Promise<void>;
}

export interface ChildOptions {
  /** How far its clock, which otherwise stands at the test's now, is later. */
  aheadMs?: number;
  /** How wrong its machine's clock is. */
  clockLeadMs?: number;
  /** Whether its sleeps end at once, and its clock is so much later. Default: false. */
  skipsSleeps?: boolean;
  /** How Postgres shows its connections. */
  name?: string;
  /** Stops itself by SIGSTOP when undici first publishes on this diagnostics channel; its clock is `forMs` later when it goes on. */
  pause?: { channel: string; forMs: number; /** A file that it makes right before. */ noteIn: string };
}

/** Starts a child whose clock stands at the test's now, `aheadMs` later, and runs on from there. */
export async function startChild(test: TestApp, userId: string, options: ChildOptions = {}): Promise<ChildGateway> {
  const { aheadMs = 0, clockLeadMs = 0, skipsSleeps = false, name = "child", pause = null } = options;
  const { providerFacts: provider, client } = test.provider;
  const [key] = test.config.sealingKeys ?? [];
  const connector = { slug: "test", name: "Test", provider, client_id: client.clientId, client_secret: client.clientSecret };
  const given = {
    env: {
      XKIT_PUBLIC_URL: PUBLIC_URL,
      DATABASE_URL: test.database.url,
      XKIT_SPOOL_DIR: test.config.spoolDirectory,
      XKIT_ENCRYPTION_KEYS: `${key?.id}:${key?.secret.toString("base64")}`,
    },
    file: JSON.stringify({ platform: { name: "Acme" }, connectors: [{ ...connector, scopes: ["read", "write"] }] }),
    userId,
    query: TOKEN,
    startsAt: test.clock.now() + aheadMs,
    clockLeadMs,
    skipsSleeps,
    pause,
  };
  const child = fork(join(inject("gatewayBuild"), "test/support/child.js"), [JSON.stringify(given)], {
    execArgv: [],
    // How its connections are told from others', in Postgres.
    env: { ...process.env, PGAPPNAME: name },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const complaints: string[] = [];
  if (child.stderr) createInterface(child.stderr).on("line", (line) => complaints.push(line));
  const exited = once(child, "exit");
  const answer = async (): Promise<unknown> => {
    const [first] = await Promise.race([
      once(child, "message"),
      exited.then(() => [new Error(`The child ended: ${complaints.join("\n")}`)]),
    ]);
    if (first instanceof Error) throw first;
    return first;
  };
  await answer();
  return {
    async ask(times) {
      child.send({ ask: times });
      return answersSchema.parse(await answer());
    },
    async advance(milliseconds) {
      child.send({ advance: milliseconds });
      await answer();
    },
    async provision(prefix, times) {
      child.send({ provision: times, prefix });
      await answer();
    },
    async send(path, headers, body) {
      child.send({ path, headers, body });
      return responseSchema.parse(await answer());
    },
    async kill(signal) {
      child.kill(signal);
      if (signal === "SIGKILL" || signal === "SIGTERM") await exited;
    },
  };
}

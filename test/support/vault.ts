import { existsSync, readdirSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Kysely, PostgresDialect, sql } from "kysely";
import Libsql from "libsql";
import pg from "pg";
import { z } from "zod";
import type { App } from "../../gateway/app.ts";
import { ask, sendTo, startTestApp, type TestApp, type TestAppOptions, type TestUser } from "./test-app.ts";
import type { Database } from "../../gateway/store/database.ts";
import { openDatabase } from "../../gateway/store/open.ts";
import type { AuthorizationRow, Tables } from "../../gateway/store/tables.ts";

export const HOUR_MS = 3_600_000;

/** Asks for a token. */
export const TOKEN_QUERY = `query ($where: ConnectionWhere!, $minimumTtl: Int, $rejected: String, $verify: Boolean) {
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
export const tokenAnswerSchema = z.object({
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

/** One member of `AccessTokenResult`, as it came over HTTP. */
export type TokenAnswer = z.output<typeof tokenAnswerSchema>;

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
    ? await ask(sendTo(via), TOKEN_QUERY, variables, { authorization: `Bearer ${await user.bearer()}` })
    : await user.graphql(TOKEN_QUERY, variables);
  if (errors.length > 0) throw new Error(JSON.stringify(errors));
  return tokenAnswerSchema.parse(data.accessToken);
}

/** A gateway to which the user `ada` has connected an account. */
export async function startConnected(options?: TestAppOptions): Promise<{ test: TestApp; ada: TestUser }> {
  const test = await startTestApp(options);
  const ada = await test.signIn("ada");
  await ada.connect();
  return { test, ada };
}

/** The refreshes that reached the provider. */
export const refreshRequests = ({ provider }: TestApp) => provider.tokenRequests.filter(({ grantType }) => grantType === "refresh_token");

/** When they came, in milliseconds after the first. */
export const refreshTimes = (test: TestApp) => refreshRequests(test).map(({ atMs }, _index, [first]) => atMs - (first?.atMs ?? 0));

/** Reads or changes the store past the gateway. */
export async function inStore<Result>(test: TestApp, statements: (query: Database["query"]) => Promise<Result>): Promise<Result> {
  const { query, close } = await openBare(test);
  try {
    return await statements(query);
  } finally {
    await close();
  }
}

/** A Postgres by one connection, and without what a gateway does with it as it opens it: that takes longer than most statements. */
async function openBare({ database, clock }: TestApp): Promise<Pick<Database, "query" | "close">> {
  if (database.kind === "sqlite") return openDatabase(database.url, { clock });
  const query = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: database.url, max: 1 }) }),
  });
  return { query, close: () => query.destroy() };
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

/** Whether the third party takes the token. */
export const isAccepted = async ({ provider }: TestApp, token: string | null | undefined): Promise<boolean> =>
  (await fetch(provider.apiUrl, { headers: { authorization: `Bearer ${token}` } })).ok;

/** The files of new tokens that the store could not take. */
export function spooledFiles({ config: { spoolDirectory } }: TestApp): string[] {
  return existsSync(spoolDirectory) ? readdirSync(spoolDirectory) : [];
}

/** Lets everything go on that waits for nothing but its turn. */
export async function turns(count = 20): Promise<void> {
  for (let index = 0; index < count; index += 1) await nextTurn();
}

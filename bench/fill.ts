/** Fills a store with connections as the vault writes them: sealed, and with their HMACs. */
import { randomUUID } from "node:crypto";
import { type Kysely, sql } from "kysely";
import { type Config, parseConfig } from "../gateway/config/config.ts";
import type { ConnectorConfig } from "../gateway/providers/connector.ts";
import { systemClock } from "../gateway/runtime/clock.ts";
import { createLog } from "../gateway/runtime/log.ts";
import { openServices, type Services } from "../gateway/services.ts";
import type { Database } from "../gateway/store/database.ts";
import type { AuthorizationRow, ConnectionRow, Tables, UserRow } from "../gateway/store/tables.ts";
import { newAuthorization, newConnection } from "../gateway/vault/new-rows.ts";
import { grantFacts, placeOf, tokenColumns } from "../gateway/vault/sealed-columns.ts";

export interface Fill {
  /** They are called `user-0` and so on, and each has connections of the first connector. */
  users: number;
  /** Default 1. */
  connectionsPerUser?: number;
  /** How long the tokens live from now on; negative: they have expired. */
  lifetimeSeconds: number;
  /** Further users whose tokens have expired, called `late-0` and so on. Default none. */
  lateUsers?: number;
}

/** Who may ask the gateway. */
export interface Credentials {
  /** A user token of `user-0`. */
  bearer: string;
  key: { publishable: string; secret: string };
}

/** Rows of one statement. */
const ROWS_PER_INSERT = 5_000;
/** What SQLite keeps in memory of the file while it is filled, in KiB: ids are random, so that each row changes pages everywhere. */
const FILL_CACHE_KIB = 2_000_000;
const TOKEN_SECONDS = 43_200;
const EXPIRED_SECONDS = -60;

/** Fills the store that the environment names, and makes credentials. Throws `ConfigError`. */
export async function fillStore(env: NodeJS.ProcessEnv, config: object, fill: Fill): Promise<Credentials> {
  const parsed = parseConfig(env, { path: "xkit.config.json", text: JSON.stringify(config) });
  const services = await openServices(parsed, systemClock, createLog("silent"));
  try {
    await insertUsers(services, parsed, { ...fill, prefix: "user" });
    const { lateUsers: users = 0, connectionsPerUser = 1 } = fill;
    await insertUsers(services, parsed, { users, connectionsPerUser, lifetimeSeconds: EXPIRED_SECONDS, prefix: "late" });
    const { token } = await services.auth.provisionUser({ id: "user-0" });
    const { id, secret } = await services.auth.apiKeys.create("bench");
    return { bearer: token, key: { publishable: id, secret } };
  } finally {
    await services.close();
  }
}

interface Insertion extends Fill {
  /** How their names begin. */
  prefix: string;
}

async function insertUsers(services: Services, { connectors }: Config, fill: Insertion): Promise<void> {
  const [connector] = connectors.values();
  if (!connector) return;
  const { database } = services;
  const perStatement = Math.max(1, Math.floor(ROWS_PER_INSERT / (fill.connectionsPerUser ?? 1)));
  for (let first = 0; first < fill.users; first += perStatement) {
    const numbers = Array.from({ length: Math.min(perStatement, fill.users - first) }, (_, index) => first + index);
    const rows = numbers.flatMap((number) => connectionRows(services, connector, `${fill.prefix}-${number}`, fill));
    await database.query.transaction().execute(async (transaction) => {
      if (database.kind === "sqlite") await sql`pragma cache_size = ${sql.lit(-FILL_CACHE_KIB)}`.execute(transaction);
      const insert = (table: keyof Tables, all: readonly object[]) => insertRows(transaction, database.kind, table, all);
      await insert(
        "users",
        numbers.map((number) => userRow(services, `${fill.prefix}-${number}`)),
      );
      await insert(
        "connections",
        rows.map(({ connection }) => connection),
      );
      await insert(
        "authorizations",
        rows.map(({ authorization }) => authorization),
      );
    });
  }
}

/** All rows are one parameter, as JSON: a million of them are inserted in a minute. */
async function insertRows(query: Kysely<Tables>, kind: Database["kind"], table: keyof Tables, rows: readonly object[]): Promise<void> {
  const columns = Object.keys(rows[0] ?? {});
  const json = JSON.stringify(rows);
  const names = sql.join(columns.map((column) => sql.ref(column)));
  const values = sql.join(columns.map((column) => sql`value ->> ${sql.lit(`$.${column}`)}`));
  const source =
    kind === "postgres"
      ? sql`select ${names} from json_populate_recordset(null::${sql.table(table)}, ${json})`
      : sql`select ${values} from json_each(${json})`;
  await sql`insert into ${sql.table(table)} (${names}) ${source}`.execute(query);
}

function userRow({ macs }: Services, id: string): UserRow {
  const now = Date.now();
  const row = { id, group_id: null, group_asserted_at: null, tokens_valid_from: null, name: null, created_at: now, updated_at: now };
  return { ...row, mac: macs.sign("users", row) };
}

interface Rows {
  connection: ConnectionRow;
  authorization: AuthorizationRow;
}

const connectionRows = (services: Services, connector: ConnectorConfig, userId: string, fill: Fill): Rows[] =>
  Array.from({ length: fill.connectionsPerUser ?? 1 }, () => connected(services, connector, userId, fill.lifetimeSeconds));

/** A connection and its grant, as connecting leaves them. */
function connected({ sealer, macs }: Services, connector: ConnectorConfig, userId: string, lifetimeSeconds: number): Rows {
  const now = Date.now();
  const asked = { scopes: ["read"], startedBy: { userId, name: null } };
  const pending = newConnection({ kind: "user", id: userId }, connector.slug, null, now);
  const started = newAuthorization(macs, pending, asked, now);
  const connection = { ...pending, enabled: 1, first_enabled_at: now, authorization_id: started.id };
  const tokens = {
    accessToken: `access-${randomUUID()}`,
    refreshToken: `refresh-${randomUUID()}`,
    tokenType: "bearer",
    expiresInSeconds: TOKEN_SECONDS,
    refreshExpiresInSeconds: null,
    scopes: null,
    misread: [],
    stated: {},
  };
  const issuedAt = now - (TOKEN_SECONDS - lifetimeSeconds) * 1000;
  const columns = tokenColumns(sealer, placeOf(connection, started.id), connector, tokens, started, {}, issuedAt);
  const authorization: AuthorizationRow = {
    ...started,
    ...columns,
    status: "active",
    connected_at: now,
    account_id: randomUUID(),
    account_id_path: "sub",
    client_id: connector.oauth?.client.clientId ?? null,
  };
  return { connection, authorization: { ...authorization, mac: macs.sign("authorizations", grantFacts(connection, authorization)) } };
}

import { z } from "zod";
import { isTemporary } from "../../schema/errors.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import type { Clock } from "../runtime/clock.ts";
import { safeParseJson } from "../runtime/json.ts";
import type { Log } from "../runtime/log.ts";
import { withTimeout } from "../runtime/with-timeout.ts";
import type { Database } from "../store/database.ts";
import { createNotes } from "../store/notes.ts";
import { type Lease, tryAlone, watchLease } from "../store/single-flight.ts";
import type { AuthorizationRow, ConnectionRow } from "../store/tables.ts";
import { grantClientOf } from "./grant-client.ts";
import { type HealthColumns, healthOf } from "./health.ts";

/** How long after a count has ended the next one may begin, in milliseconds. */
export const COUNT_INTERVAL_MS = 60_000;
/** Rows that are read at a time, and the pause between two such reads, in milliseconds: a million connections take two minutes. */
const STEP_ROWS = 2_000;
const STEP_PAUSE_MS = 250;
/** How long a reader waits for the count that it has begun, in milliseconds of real time. A larger one is shown by a later reading. */
const READER_WAIT_MS = 500;

/** In the store's tables `notes` and `leases`. */
const KEY = "connections-by-health-and-code";

/** In place of the slug of a connector that the configuration no longer has. No slug has an underscore. */
const NOT_CONFIGURED = "not_configured";

/** Codes that are counted apart for one connector and health: some are a provider's own words. */
const MAXIMUM_CODES = 20;
/** In place of the further ones. */
const OTHER_CODES = "other";

const countsSchema = z.object({
  countedAt: z.number(),
  counts: z.array(z.object({ connector: z.string(), health: z.string(), code: z.string().nullable(), count: z.number() })),
});
export type Counts = z.output<typeof countsSchema>["counts"];
type Labels = Omit<Counts[number], "count">;

interface CountDependencies {
  database: Database;
  connectors: ReadonlyMap<string, ConnectorConfig>;
  clock: Clock;
  log: Pick<Log, "error">;
}

/**
 * Counts the connections of a store by connector, health and code, when it is asked: in small steps, one process of the store at a time, at most
 * once in `COUNT_INTERVAL_MS`. All processes read the same count, which is kept in the store.
 */
export function createConnectionCounts(dependencies: CountDependencies, stepRows = STEP_ROWS) {
  const { database, clock, log } = dependencies;
  const notes = createNotes(database);
  const look = watchLease(database, KEY);
  const stopping = new AbortController();
  const { signal } = stopping;
  let counting: Promise<void> | null = null;
  let lookedAt = clock.now();

  async function countAll(lease: Lease): Promise<void> {
    const totals = new Map<string, Counts[number]>();
    let last = "";
    for (;;) {
      const rows = await readStep(database, last, stepRows);
      for (const row of rows) add(totals, labelsOf(dependencies, row, clock.now()));
      const end = rows.at(-1)?.id;
      if (end === undefined || rows.length < stepRows) break;
      last = end;
      await clock.until(clock.now() + STEP_PAUSE_MS, signal);
      if (signal.aborted || !(await lease.renew())) return;
    }
    await notes.write(KEY, JSON.stringify({ countedAt: clock.now(), counts: [...totals.values()] }));
  }

  async function begin(): Promise<void> {
    const now = clock.now();
    const takeOver = await look(now - lookedAt);
    lookedAt = now;
    await tryAlone(database, KEY, takeOver, countAll);
  }

  async function readNoted() {
    const text = (await notes.read([KEY])).get(KEY);
    return text === undefined ? null : (countsSchema.safeParse(safeParseJson(text)).data ?? null);
  }

  return {
    /** The last count; none before the first one has ended. Throws what the store throws. */
    async read(): Promise<Counts> {
      const noted = await readNoted();
      if (noted && clock.now() - noted.countedAt < COUNT_INTERVAL_MS) return noted.counts;
      counting ??= begin()
        .catch((err: unknown) => {
          if (!isTemporary(err)) log.error({ err }, "connections could not be counted");
        })
        .finally(() => (counting = null));
      await withTimeout(counting, READER_WAIT_MS);
      return (await readNoted())?.counts ?? [];
    },
    /** Ends a count that is under way. */
    stop: () => stopping.abort(),
  };
}

type Row = Pick<ConnectionRow, "id" | "connector_slug" | "enabled" | "first_enabled_at" | "disabled_at"> & {
  [Column in keyof (HealthColumns & Pick<AuthorizationRow, "client_id">)]: AuthorizationRow[Column] | null;
};

const readStep = ({ query }: Pick<Database, "query">, after: string, limit: number): Promise<Row[]> =>
  query
    .selectFrom("connections")
    .leftJoin("authorizations", "authorizations.id", "connections.authorization_id")
    .select(["connections.id", "connector_slug", "enabled", "first_enabled_at", "disabled_at", "client_id"])
    .select(["version", "status", "error_code", "expires_at", "failure_kind", "failure_code", "health_changed_at", "sealed_refresh_token"])
    .where("connections.id", ">", after)
    .orderBy("connections.id")
    .limit(limit)
    .execute();

function labelsOf({ connectors }: CountDependencies, row: Row, now: number): Labels {
  const connector = connectors.get(row.connector_slug);
  return { connector: connector?.slug ?? NOT_CONFIGURED, ...stateOf(row, connector, now) };
}

type State = Pick<Labels, "health" | "code">;
const withoutCode = (health: string): State => ({ health, code: null });

function stateOf(row: Row, connector: ConnectorConfig | undefined, now: number): State {
  const { enabled, disabled_at: disabledAt, first_enabled_at: connectedAt, version, status } = row;
  if (disabledAt !== null) return withoutCode("disabled");
  if (enabled === 0 || version === null || status === null) return withoutCode(connectedAt === null ? "connecting" : "disconnected");
  return connector ? healthAt({ ...row, version, status }, connector, now) : withoutCode("unknown");
}

function healthAt(authorization: HealthColumns & Pick<AuthorizationRow, "client_id">, connector: ConnectorConfig, now: number): State {
  const grant = { authorization, connector };
  const { health, code } = healthOf(grant, now, grantClientOf(grant) !== null);
  return { health: health ?? "connecting", code };
}

function add(totals: Map<string, Counts[number]>, labels: Labels): void {
  const counted = totals.has(keyOf(labels)) || codesIn(totals, labels) < MAXIMUM_CODES ? labels : { ...labels, code: OTHER_CODES };
  const count = totals.get(keyOf(counted))?.count ?? 0;
  totals.set(keyOf(counted), { ...counted, count: count + 1 });
}

const keyOf = ({ connector, health, code }: Labels): string => JSON.stringify([connector, health, code]);

const codesIn = (totals: Map<string, Counts[number]>, { connector, health }: Labels): number =>
  [...totals.values()].filter((total) => total.connector === connector && total.health === health).length;

/** The same counts without codes. */
export function sumOverCodes(counts: Counts): { connector: string; health: string; count: number }[] {
  const sums = new Map<string, { connector: string; health: string; count: number }>();
  for (const { connector, health, count } of counts) {
    const key = JSON.stringify([connector, health]);
    sums.set(key, { connector, health, count: (sums.get(key)?.count ?? 0) + count });
  }
  return [...sums.values()];
}

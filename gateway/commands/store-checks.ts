import { type Kysely, sql } from "kysely";
import { z } from "zod";
import type { Config } from "../config/config.ts";
import { codeOf } from "../config/explain-error.ts";
import { listAllKeyUses } from "../services.ts";
import { migrations } from "../store/migrations/index.ts";
import { peek } from "../store/peek.ts";
import type { Tables } from "../store/tables.ts";
import type { Check } from "./check.ts";

/** How far the clocks of gateway and store may be apart, in milliseconds. More undoes leases (rule 11). */
const MAXIMUM_CLOCK_ERROR_MS = 1_000;

/** The store, its shape, the keys of its rows, and its clock. The store is read as it is. */
export async function checkStore(config: Config): Promise<Check[]> {
  const kind = config.databaseUrl.startsWith("file:") ? config.databaseUrl : "Postgres";
  try {
    const checks = await peek(config.databaseUrl, async (query) => {
      const shape = await findShape(query);
      const clock = config.databaseUrl.startsWith("file:") ? [] : [await checkClock(query)];
      // An earlier release's has not all columns that are looked at.
      return [checkShape(shape, kind), ...(shape === newestShape() ? await checkKeys(query, config) : []), ...clock];
    });
    return checks ?? [{ about: "store", level: "warning", text: `${kind} is not there yet: the first start makes it` }];
  } catch (error) {
    const code = codeOf(error);
    return [
      { about: "store", level: "error", text: `${kind} cannot be read${code ? ` (${code})` : ""}: check DATABASE_URL and the server` },
    ];
  }
}

const nameSchema = z.object({ name: z.string() });

/** The name of the newest migration that the store has had; null for a store without tables. */
async function findShape(query: Kysely<Tables>): Promise<string | null> {
  const tables = await query.introspection.getTables();
  if (!tables.some(({ name }) => name === "migrations")) return null;
  const { rows } = await sql`select name from migrations order by name desc limit 1`.execute(query);
  return rows[0] === undefined ? null : nameSchema.parse(rows[0]).name;
}

const newestShape = (): string => migrations.at(-1)?.name ?? "";

function checkShape(stored: string | null, kind: string): Check {
  const newest = newestShape();
  if (stored === null) return { about: "store", level: "warning", text: `${kind} has no tables yet: the first start makes them` };
  if (stored > newest) return { about: "store", level: "error", text: `${kind} is a later release's (${stored}): install that release` };
  if (stored < newest)
    return { about: "store", level: "warning", text: `${kind} is an earlier release's (${stored}): the next start changes it` };
  return { about: "store", level: "ok", text: `${kind} can be read` };
}

async function checkKeys(query: Kysely<Tables>, config: Config): Promise<Check[]> {
  const ring = config.sealingKeys?.map(({ id }) => id);
  if (!ring)
    return [{ about: "keys", level: "warning", text: "a key for development lies beside the data: production needs XKIT_ENCRYPTION_KEYS" }];
  const uses = await listAllKeyUses({ query }, config);
  const missing = uses.filter(({ keyId }) => !ring.includes(keyId));
  const old = uses.filter(({ keyId, values }) => ring.includes(keyId) && keyId !== ring[0] && values > 0);
  return [
    ...missing.map(({ keyId, values }): Check => ({
      about: "keys",
      level: "error",
      text: `XKIT_ENCRYPTION_KEYS lacks the key "${keyId}", with which ${values} values are made`,
    })),
    ...old.map(({ keyId, values }): Check => ({
      about: "keys",
      level: "warning",
      text: `${values} values are still made with the key "${keyId}": xkit-gateway keys reseal makes them again with "${ring[0]}"`,
    })),
    ...(missing.length + old.length === 0 ? [{ about: "keys", level: "ok", text: `"${ring[0]}" seals everything` } as const] : []),
  ];
}

const timeSchema = z.object({ ms: z.coerce.number() });

async function checkClock(query: Kysely<Tables>): Promise<Check> {
  const sentAt = Date.now();
  const { rows } = await sql`select extract(epoch from clock_timestamp()) * 1000 as ms`.execute(query);
  const difference = Math.round(timeSchema.parse(rows[0]).ms - (sentAt + Date.now()) / 2);
  const text = `the clocks of this machine and of the store are ${Math.abs(difference)} ms apart`;
  if (Math.abs(difference) <= MAXIMUM_CLOCK_ERROR_MS) return { about: "clock", level: "ok", text };
  return { about: "clock", level: "warning", text: `${text}: let both machines follow one time server` };
}

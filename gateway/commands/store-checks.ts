import { type Kysely, sql } from "kysely";
import { z } from "zod";
import type { Config } from "../config/config.ts";
import { codeOf } from "../config/explain-error.ts";
import { listAllKeyUses } from "../services.ts";
import { migrations } from "../store/migrations/index.ts";
import { peek } from "../store/peek.ts";
import type { Tables } from "../store/tables.ts";
import type { Check } from "./check.ts";

/** How much the clocks of gateway and store may differ, in milliseconds. A larger difference breaks leases (rule 11). */
const MAXIMUM_CLOCK_ERROR_MS = 1_000;

/** The store, its migrations, the keys of its rows, and its clock. Changes nothing. */
export async function checkStore(config: Config): Promise<Check[]> {
  const kind = config.databaseUrl.startsWith("file:") ? config.databaseUrl : "Postgres";
  try {
    const checks = await peek(config.databaseUrl, async (query) => {
      const shape = await findShape(query);
      const clock = config.databaseUrl.startsWith("file:") ? [] : [await checkClock(query)];
      // A store of an earlier release does not have every column that is read.
      return [checkShape(shape, kind), ...(shape === newestShape() ? await checkKeys(query, config) : []), ...clock];
    });
    return checks ?? [{ about: "store", level: "warning", text: `${kind} does not exist yet: the first start creates it` }];
  } catch (error) {
    const code = codeOf(error);
    return [
      {
        about: "store",
        level: "error",
        text: `${kind} cannot be read${code ? ` (${code})` : ""}: check DATABASE_URL, and that the server runs`,
      },
    ];
  }
}

const nameSchema = z.object({ name: z.string() });

/** The name of the newest migration that was applied; null for a store without tables. */
async function findShape(query: Kysely<Tables>): Promise<string | null> {
  const tables = await query.introspection.getTables();
  if (!tables.some(({ name }) => name === "migrations")) return null;
  const { rows } = await sql`select name from migrations order by name desc limit 1`.execute(query);
  return rows[0] === undefined ? null : nameSchema.parse(rows[0]).name;
}

const newestShape = (): string => migrations.at(-1)?.name ?? "";

function checkShape(stored: string | null, kind: string): Check {
  const newest = newestShape();
  if (stored === null) return { about: "store", level: "warning", text: `${kind} has no tables yet: the first start creates them` };
  if (stored > newest)
    return { about: "store", level: "error", text: `${kind} was written by a later release (${stored}): install that release` };
  if (stored < newest)
    return { about: "store", level: "warning", text: `${kind} was written by an earlier release (${stored}): the next start upgrades it` };
  return { about: "store", level: "ok", text: `${kind} can be read` };
}

async function checkKeys(query: Kysely<Tables>, config: Config): Promise<Check[]> {
  const ring = config.sealingKeys?.map(({ id }) => id);
  if (!ring)
    return [
      { about: "keys", level: "warning", text: "a development key beside the data is in use: production needs XKIT_ENCRYPTION_KEYS" },
    ];
  const uses = await listAllKeyUses({ query }, config);
  const missing = uses.filter(({ keyId }) => !ring.includes(keyId));
  const old = uses.filter(({ keyId, values }) => ring.includes(keyId) && keyId !== ring[0] && values > 0);
  return [
    ...missing.map(({ keyId, values }): Check => ({
      about: "keys",
      level: "error",
      text: `XKIT_ENCRYPTION_KEYS lacks the key "${keyId}", which ${values} values use: add it`,
    })),
    ...old.map(({ keyId, values }): Check => ({
      about: "keys",
      level: "warning",
      text: `${values} values still use the key "${keyId}": xkit-gateway keys reseal seals them with "${ring[0]}"`,
    })),
    ...(missing.length + old.length === 0 ? [{ about: "keys", level: "ok", text: `"${ring[0]}" seals everything` } as const] : []),
  ];
}

const timeSchema = z.object({ ms: z.coerce.number() });

async function checkClock(query: Kysely<Tables>): Promise<Check> {
  const sentAt = Date.now();
  const { rows } = await sql`select extract(epoch from clock_timestamp()) * 1000 as ms`.execute(query);
  const difference = Math.round(timeSchema.parse(rows[0]).ms - (sentAt + Date.now()) / 2);
  const text = `the clocks of this machine and the store differ by ${Math.abs(difference)} ms`;
  if (Math.abs(difference) <= MAXIMUM_CLOCK_ERROR_MS) return { about: "clock", level: "ok", text };
  return { about: "clock", level: "warning", text: `${text}: synchronize both machines with one time server` };
}

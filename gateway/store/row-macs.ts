import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { Log } from "../runtime/log.ts";
import { parseEnvelope, SealError, type SealingKey } from "./sealing.ts";
import type { ConnectionRow, Tables } from "./tables.ts";

/** HMAC-SHA256 (RFC 2104), under a key that HKDF (RFC 5869) derives from each sealing key. */
const ALGORITHM = "sha256";
const KEY_BYTES = 32;
const KEY_INFO = "xkit-gateway rows";
const VERSION = "m2";
/** Made before an authorization's HMAC covered its connector. */
const FORMER_VERSION = "m1";

/**
 * The columns that give a row its power, in the order in which they are authenticated. An authorization's owner, connector and `disabled_at` are its connection's.
 * What only takes power away (`used_at`) or is only shown is left out, so that writing it needs nothing more.
 */
export const coveredColumns = {
  signing_keys: ["id", "public_jwk", "created_at", "retired_at"],
  api_keys: ["id", "secret_hash", "created_at", "revoked_at"],
  sessions: ["id", "secret_hash", "user_id", "created_at", "expires_at", "ended_at"],
  operator_sessions: ["id", "secret_hash", "key_id", "user_id", "rule", "created_at", "expires_at"],
  one_time_tokens: ["hash", "user_id", "expires_at"],
  users: ["id", "group_id", "group_asserted_at", "tokens_valid_from"],
  attempts: ["state_hash", "authorization_id", "connector_slug", "user_id", "redirect_uri", "return_to", "expires_at"],
  authorizations: [
    "id",
    "connection_id",
    "owner_kind",
    "owner_id",
    "issued_at",
    "expires_at",
    "connector_slug",
    "token_kind",
    "disabled_at",
  ],
  upgrades: ["name", "started_at", "completed_at"],
  // The digest covers the other columns.
  audit_events: ["id", "digest", "count", "last_at"],
  audit_heads: ["writer", "sequence", "digest"],
  audit_checkpoints: ["writer", "sequence", "digest"],
} as const;

export type CoveredTable = keyof typeof coveredColumns;

interface CoveredRows extends Omit<Tables, "authorizations"> {
  authorizations: Tables["authorizations"] & Pick<ConnectionRow, "owner_kind" | "owner_id" | "connector_slug" | "disabled_at">;
}

/** What a row's HMAC is made of. */
export type Covered<Table extends CoveredTable> = Pick<
  CoveredRows[Table],
  Extract<(typeof coveredColumns)[Table][number], keyof CoveredRows[Table]>
>;

/** Authenticates the rows that grant power: write access to the store is not enough to make one. */
export interface RowMacs {
  /** The HMAC of a row, under the ring's first key. Only of what this process made, or has seen verify. */
  sign<Table extends CoveredTable>(table: Table, row: Covered<Table>): string;
  /** Whether a row is to be used. One that does not verify is logged, and counts as absent. */
  accept<Table extends CoveredTable>(table: Table, row: Covered<Table> & { mac: string | null }): boolean;
  /** `sign` and `accept` of a row of any table as it was read; also while rows that do not verify are still accepted. */
  signRow(table: CoveredTable, row: object): string;
  verify(table: CoveredTable, row: object): boolean;
  /** From now on only rows that verify are accepted. Until then all are, as earlier releases write rows without an HMAC. */
  enforce(): void;
}

export function createRowMacs(keys: readonly SealingKey[], log: Pick<Log, "error">): RowMacs {
  const ring = new Map(keys.map(({ id, secret }) => [id, Buffer.from(hkdfSync(ALGORITHM, secret, "", KEY_INFO, KEY_BYTES))]));
  const [current] = ring;
  if (!current) throw new TypeError("createRowMacs needs at least one key.");
  const [currentId, currentKey] = current;
  let isEnforced = false;

  function verify(table: CoveredTable, row: object): boolean {
    const { version, keyId, mac } = partsOf(row);
    const key = ring.get(keyId);
    return key !== undefined && mac.length === KEY_BYTES && timingSafeEqual(mac, macOf(key, table, row, version));
  }

  const signRow = (table: CoveredTable, row: object) => `${VERSION}.${currentId}.${macOf(currentKey, table, row).toString("base64url")}`;

  return {
    sign: signRow,
    signRow,
    verify,
    accept(table, row) {
      if (!isEnforced || verify(table, row)) return true;
      log.error({ table, row: nameOf(table, row) }, "a row of the store does not verify and is refused: this gateway did not write it");
      return false;
    },
    enforce: () => void (isEnforced = true),
  };
}

function macOf(key: Buffer, table: CoveredTable, row: object, version = VERSION): Buffer {
  const values = table === "authorizations" ? authorizationValuesOf(row, version) : valuesOf(table, row);
  return createHmac(ALGORITHM, key)
    .update(JSON.stringify([table, ...values]))
    .digest();
}

/**
 * A kind of token, and that the connection is disabled, are covered where they are there, so that earlier releases verify all other rows.
 * They can be taken for no other column.
 */
function authorizationValuesOf(row: object, version: string): unknown[] {
  const values = valuesOf("authorizations", row);
  const [kind, disabledAt] = values.splice(-2);
  const former = version === FORMER_VERSION ? values.slice(0, -1) : values;
  const rare = { ...(kind !== null && { token_kind: kind }), ...(disabledAt !== null && { disabled_at: disabledAt }) };
  return Object.keys(rare).length === 0 ? former : [...former, rare];
}

/** Throws `TypeError` for a row that lacks a column: it would verify as another one. */
function valuesOf(table: CoveredTable, row: object): unknown[] {
  const values = new Map<string, unknown>(Object.entries(row));
  return coveredColumns[table].map((column) => {
    const value = values.get(column);
    if (value === undefined) throw new TypeError(`A row of ${table} was read without its column ${column}.`);
    return value;
  });
}

/** A row's own key. A session's is its id, never its secret's hash. */
export const nameOf = (table: CoveredTable, row: object): string => String(valuesOf(table, row)[0]);

function partsOf(row: object): { version: string; keyId: string; mac: Buffer } {
  const none = { version: "", keyId: "", mac: Buffer.alloc(0) };
  if (!("mac" in row) || typeof row.mac !== "string") return none;
  const version = row.mac.startsWith(`${FORMER_VERSION}.`) ? FORMER_VERSION : VERSION;
  try {
    const { keyId, body } = parseEnvelope(row.mac, version);
    return { version, keyId, mac: body };
  } catch (error) {
    if (error instanceof SealError) return none;
    throw error;
  }
}

import { z } from "zod";
import { forbidden, notFound, type Refusal } from "../../schema/errors.ts";
import type { RequestOrigin } from "../custody/audit-event.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Database } from "../store/database.ts";
import type { RowMacs } from "../store/row-macs.ts";
import { contextOf } from "../store/sealed-places.ts";
import { hashSecret, SealError, type Sealer } from "../store/sealing.ts";
import type { AttemptRow } from "../store/tables.ts";
import { type DeviceGrant, deviceGrantSchema } from "./device-grant.ts";

/** How long a started authorization may take. */
export const ATTEMPT_LIFETIME_SECONDS = 600;

export const UNKNOWN_LINK: Refusal = ({ refusals }) => refusals.linkUnknown;
export const USED_LINK: Refusal = ({ refusals }) => refusals.linkUsed;

/** The browser and the user before us, as the first-party cookies tell. */
export interface Visitor {
  /** What the browser holds for the attempt with that hash of its state, or null. */
  browser: (stateHash: string) => string | null;
  /** Who is signed in, or null. */
  userId: string | null;
  /** Where the request came from, for the audit. */
  from?: RequestOrigin;
}

/** Gives the browser a secret for the attempt with that hash of its state, and answers it. */
export type Bind = (stateHash: string) => string;

/** Where the browser of a page that cannot be bound goes on, and is bound there. */
export type Link = (started: { slug: string; state: string }) => Promise<string>;

interface AttemptDependencies {
  database: Database;
  macs: RowMacs;
  clock: Clock;
}

export type Attempts = ReturnType<typeof createAttempts>;

/** Single-use states of started authorizations, bound to a browser and a user. */
export function createAttempts({ database, macs, clock }: AttemptDependencies) {
  /** The attempt with that hash of its state, used and expired ones included, or null. */
  async function findByHash(stateHash: string): Promise<AttemptRow | null> {
    const row = await database.query.selectFrom("attempts").selectAll().where("state_hash", "=", stateHash).executeTakeFirst();
    return row && macs.accept("attempts", row) ? row : null;
  }

  return {
    findByHash,

    /** The same by the state itself. */
    find: (state: string): Promise<AttemptRow | null> => findByHash(hashSecret(state)),

    /** The attempt of a state, without using it up. Throws NOT_FOUND when there is none, it was used, or its time is over. */
    async get(state: string, connectorSlug: string | null): Promise<AttemptRow> {
      return assertUsable(await findByHash(hashSecret(state)), connectorSlug, clock.now());
    },

    /** Uses the attempt up, once over all processes. Throws NOT_FOUND for the second. */
    async use(attempt: AttemptRow): Promise<void> {
      const { numUpdatedRows } = await database.query
        .updateTable("attempts")
        .set({ used_at: clock.now() })
        .where("state_hash", "=", attempt.state_hash)
        .where("used_at", "is", null)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows !== 1n) throw notFound(USED_LINK);
    },

    /** Attempts of a user that can still be finished, the newest first. */
    async listPending(userId: string): Promise<AttemptRow[]> {
      const rows = await database.query
        .selectFrom("attempts")
        .selectAll()
        .where("user_id", "=", userId)
        .where("used_at", "is", null)
        .where("expires_at", ">", clock.now())
        .orderBy("expires_at", "desc")
        .execute();
      return rows.filter((row) => macs.accept("attempts", row));
    },

    /**
     * Binds a pending attempt of this user to another secret, in place of the one before. False when there is no such attempt.
     * @param currentHash only if it is bound to the secret with this hash.
     */
    async rebind(stateHash: string, userId: string, browser: string, currentHash?: string): Promise<boolean> {
      const { numUpdatedRows } = await database.query
        .updateTable("attempts")
        .set({ browser_hash: hashSecret(browser) })
        .where("state_hash", "=", stateHash)
        .where("user_id", "=", userId)
        .where("used_at", "is", null)
        .where("expires_at", ">", clock.now())
        .$if(currentHash !== undefined, (query) => query.where("browser_hash", "=", currentHash ?? ""))
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },
  };
}

function assertUsable(row: AttemptRow | null, connectorSlug: string | null, now: number): AttemptRow {
  if (!row || (connectorSlug !== null && row.connector_slug !== connectorSlug)) throw notFound(UNKNOWN_LINK);
  if (row.used_at !== null) throw notFound(USED_LINK);
  if (row.expires_at <= now) throw notFound(({ refusals }) => refusals.linkExpired);
  return row;
}

/** What an attempt keeps sealed: its PKCE verifier, who is expected at the provider where that was said, and a code that waits for its user. */
export interface AttemptSecrets {
  verifier: string;
  loginHint?: string | undefined;
  device?: DeviceGrant | undefined;
}

const secretsSchema = z.object({ verifier: z.string(), loginHint: z.string().optional(), device: deviceGrantSchema.optional() });

/** A verifier alone, which has letters, digits, `-` and `_`, is kept as it is. */
export const sealSecrets = (sealer: Sealer, stateHash: string, { verifier, ...more }: AttemptSecrets): string => {
  const isAlone = Object.values(more).every((value) => value === undefined);
  return sealer.seal(isAlone ? verifier : JSON.stringify({ verifier, ...more }), contextOf.verifier(stateHash));
};

/** Keeps other secrets of an attempt. Throws NOT_FOUND when it is used or gone. */
export async function replaceSecrets(
  { database, sealer }: { database: Pick<Database, "query">; sealer: Sealer },
  { state_hash: stateHash }: Pick<AttemptRow, "state_hash">,
  secrets: AttemptSecrets,
): Promise<void> {
  const { numUpdatedRows } = await database.query
    .updateTable("attempts")
    .set({ sealed_verifier: sealSecrets(sealer, stateHash, secrets) })
    .where("state_hash", "=", stateHash)
    .where("used_at", "is", null)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows !== 1n) throw notFound(USED_LINK);
}

/** Throws NOT_FOUND when they do not open: the link leads nowhere. */
export function openSecrets({ sealer, log }: { sealer: Sealer; log: Pick<Log, "error"> }, attempt: AttemptRow): AttemptSecrets {
  try {
    const opened = sealer.open(attempt.sealed_verifier, contextOf.verifier(attempt.state_hash));
    return opened.startsWith("{") ? secretsSchema.parse(JSON.parse(opened)) : { verifier: opened };
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    log.error({ grant: attempt.authorization_id, err: error }, "a stored secret cannot be decrypted");
    throw notFound(UNKNOWN_LINK);
  }
}

/**
 * A link works in the browser that started it, for the user who started it: mailed to another person, it connects nothing.
 * Throws FORBIDDEN.
 */
export function assertSameVisitor(attempt: AttemptRow, visitor: Visitor): void {
  const browser = visitor.browser(attempt.state_hash);
  if (browser === null || hashSecret(browser) !== attempt.browser_hash) {
    throw forbidden(({ refusals }) => refusals.otherBrowser);
  }
  if (visitor.userId !== null) assertSameUser(attempt, visitor.userId);
}

/** Throws FORBIDDEN. */
export function assertSameUser(attempt: AttemptRow, userId: string): void {
  if (userId !== attempt.user_id) throw forbidden(({ refusals }) => refusals.otherUser);
}

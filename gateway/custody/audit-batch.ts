import type { AuditEvent } from "./audit-event.ts";
import type { ChainedRow } from "./audit-chain.ts";

/** How long equal readings of a token are counted in one row, in milliseconds from the first. */
export const FOLD_MS = 60_000;
/** What the events of one process may take in memory, in bytes: 8 MiB. Past it they are counted as lost. */
export const MAXIMUM_BATCH_BYTES = 8_388_608;
/** An event takes this beside its key's characters, of which two copies are kept. */
const BYTES_PER_ENTRY = 768;
const BYTES_PER_CHARACTER = 4;

/** An event, or several equal ones. */
export interface AuditEntry {
  readonly event: AuditEvent;
  /** What equal readings have in common; null for what is never folded. */
  readonly key: string | null;
  /** By the store's clock. */
  readonly firstAt: number;
  lastAt: number;
  count: number;
  /** Whether there is something of it that is to be written, and whether it is being written. */
  isPending: boolean;
  isWriting: boolean;
  /** Its place in the chain, once it has one. */
  row: ChainedRow | null;
  readonly bytes: number;
}

/** What one process has recorded and not yet written, and the readings to which equal ones are still added. */
export interface AuditBatch {
  /** False: there is no room, and the event is lost. */
  add(event: AuditEvent, now: number): boolean;
  /** All that is to be written, in the order of the first. */
  take(): AuditEntry[];
  /** What was taken is in the store. */
  settle(now: number): void;
  /** What was taken is not: it is taken again, first. */
  putBack(): void;
  /** Since when the oldest event waits; null where none does. */
  waitingSince(): number | null;
  isEmpty(): boolean;
  /** How many rows are not in the store, or not as they are here. */
  unwritten(): number;
}

export function createAuditBatch(maximumBytes = MAXIMUM_BATCH_BYTES): AuditBatch {
  const folds = new Map<string, AuditEntry>();
  let pending: AuditEntry[] = [];
  let writing: readonly AuditEntry[] = [];
  let bytes = 0;
  const isWritten = ({ isPending, isWriting }: AuditEntry) => !isPending && !isWriting;

  function release({ key, bytes: size }: AuditEntry): void {
    if (key !== null) folds.delete(key);
    bytes -= size;
  }

  /** The readings come in the order of their first, so that those at the front are over first. */
  function releaseWritten(isOver: (entry: AuditEntry) => boolean): void {
    for (const entry of folds.values()) {
      if (!isOver(entry)) return;
      if (isWritten(entry)) release(entry);
    }
  }

  function wait(entry: AuditEntry): void {
    if (entry.isPending) return;
    entry.isPending = true;
    pending.push(entry);
  }

  return {
    add(event, now) {
      const key = foldKeyOf(event);
      const held = key === null ? undefined : folds.get(key);
      if (held && now - held.firstAt < FOLD_MS) {
        held.count += 1;
        held.lastAt = now;
        wait(held);
        return true;
      }
      const size = BYTES_PER_ENTRY + BYTES_PER_CHARACTER * (key ?? keyOf(event)).length;
      if (bytes + size > maximumBytes) releaseWritten(() => true);
      if (bytes + size > maximumBytes) return false;
      const entry: AuditEntry = {
        event,
        key,
        firstAt: now,
        lastAt: now,
        count: 1,
        isPending: false,
        isWriting: false,
        row: null,
        bytes: size,
      };
      bytes += size;
      if (key !== null) {
        // One that still waits is in `pending`, and is released once it is written.
        if (held && isWritten(held)) release(held);
        folds.delete(key);
        folds.set(key, entry);
      }
      wait(entry);
      return true;
    },
    take() {
      const taken = (writing = pending);
      pending = [];
      for (const entry of taken) {
        entry.isPending = false;
        entry.isWriting = true;
      }
      return taken;
    },
    settle(now) {
      const settled = writing;
      writing = [];
      for (const entry of settled) {
        entry.isWriting = false;
        const isFoldedInto = entry.key !== null && folds.get(entry.key) === entry;
        if (!entry.isPending && !isFoldedInto) bytes -= entry.bytes;
      }
      releaseWritten(({ firstAt }) => now - firstAt >= FOLD_MS);
    },
    putBack() {
      const kept = writing.filter(({ isPending }) => !isPending);
      for (const entry of writing) {
        entry.isPending = true;
        entry.isWriting = false;
      }
      writing = [];
      pending = [...kept, ...pending];
    },
    waitingSince: () => (writing[0] ?? pending[0])?.firstAt ?? null,
    isEmpty: () => pending.length === 0,
    unwritten: () => pending.length + writing.length,
  };
}

const SEPARATOR = "\u0000";

/** Readings of a token alone are folded: every other act has a row of its own. */
const foldKeyOf = (event: AuditEvent): string | null => (event.action === "token.read" ? keyOf(event) : null);

/** All that tells one reading from another, but the request's id. */
function keyOf({ actor, owner, connectionId, connector, outcome, fingerprint, purpose, from, details }: AuditEvent): string {
  const who = actor.kind === "user" ? `${actor.userId}${SEPARATOR}${actor.sessionId}` : actor.kind === "platform" ? actor.keyId : "";
  const what = `${owner?.kind}${SEPARATOR}${owner?.id}${SEPARATOR}${connectionId}${SEPARATOR}${connector}${SEPARATOR}${outcome}`;
  const why = `${fingerprint}${SEPARATOR}${purpose}${SEPARATOR}${details === undefined ? "" : JSON.stringify(details)}`;
  return `${actor.kind}${SEPARATOR}${who}${SEPARATOR}${what}${SEPARATOR}${why}${SEPARATOR}${from?.address}${SEPARATOR}${from?.agent}`;
}

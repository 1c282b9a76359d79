import { externalIdSchema, idSchema } from "../../schema/input.ts";
import type { AuditFilter, AuditRecord } from "../../schema/audit-record.ts";
import type { Page } from "../../schema/upstream.ts";
import { followAudit } from "../custody/audit-follow.ts";
import type { AuditReader } from "../custody/audit-read.ts";
import { verifyAudit } from "../custody/audit-verify.ts";
import type { Services } from "../services.ts";
import { parseSince } from "./parse-since.ts";
import { requireArgument } from "./usage-error.ts";

/** Which part of the audit is printed. */
export interface AuditOptions {
  /** A time, or an age: `2026-11-25T12:00:00Z`, `90m`, `24h`, `7d`. Default: a day ago; with `follow`, now. */
  since?: string;
  /** A user's id in the platform's system: what they did, and what happened to their connections. */
  user?: string;
  /** A connection's id. */
  connection?: string;
  /** Whether to print each event as one line of JSON. */
  json?: boolean;
  /** Whether to print new events as they are written, until the process is stopped. */
  follow?: boolean;
}

const DEFAULT_SINCE = "24h";
/** Events read at a time. */
const BATCH_ROWS = 500;

/** `audit`: prints the audit events, the oldest first. */
export async function printAudit({ database, audit }: Services, options: AuditOptions): Promise<void> {
  const filter: AuditFilter = {
    userId: options.user === undefined ? undefined : requireArgument("--user", externalIdSchema.safeParse(options.user)),
    connectionId: options.connection === undefined ? undefined : requireArgument("--connection", idSchema.safeParse(options.connection)),
  };
  const print = (record: AuditRecord) => console.log(options.json ? JSON.stringify(record) : toLine(record));
  const { reader } = audit;
  if (options.follow) {
    const since = options.since === undefined ? null : parseSince(options.since, database.clock.now());
    // Ended by the signal that ends the process.
    const { signal } = new AbortController();
    for await (const record of followAudit({ database, reader, clock: database.clock }, { since, signal }))
      if (isWanted(filter, record)) print(record);
    return;
  }
  const since = parseSince(options.since ?? DEFAULT_SINCE, database.clock.now());
  const count = await printAll(reader, { ...filter, since }, print);
  if (count === 0 && !options.json) console.log("No audit events.");
}

/** Prints what the filter matches, and returns how many records that were. */
async function printAll({ list }: AuditReader, filter: AuditFilter, print: (record: AuditRecord) => void): Promise<number> {
  let count = 0;
  let after: string | null = null;
  do {
    const page: Page<AuditRecord> = await list(filter, { first: BATCH_ROWS, after }, "oldest");
    for (const { item } of page.items) print(item);
    count += page.items.length;
    after = page.next;
  } while (after !== null);
  return count;
}

const isWanted = ({ userId, connectionId }: AuditFilter, { actor, owner, connectionId: of }: AuditRecord): boolean =>
  (userId === undefined || actor.userId === userId || (owner?.kind === "user" && owner.id === userId)) &&
  (connectionId === undefined || of === connectionId);

function toLine(record: AuditRecord): string {
  const { action, outcome, count, firstAt, connector, connectionId, address, requestId, purpose } = record;
  const details = Object.entries(record.details).map(([name, value]) => `${name} ${value}`);
  const parts = [
    firstAt.toISOString(),
    action,
    outcome,
    `by ${describeActor(record.actor)}`,
    describeOwner(record),
    [connector, connectionId].filter((part) => part !== null).join(" "),
    count > 1 ? `${count} times` : "",
    address === null ? "" : `from ${address}`,
    requestId === null ? "" : `request ${requestId}`,
    purpose === null ? "" : `for: ${purpose}`,
    ...details,
  ];
  return parts.filter((part) => part !== "").join("  ");
}

function describeActor({ kind, userId, person, keyId }: AuditRecord["actor"]): string {
  if (kind === "platform") return keyId ?? "a server";
  if (kind === "user") return `user ${userId ?? `(${person ?? "unknown"})`}`;
  const who = keyId ?? (userId === null && person === null ? null : `user ${userId ?? `(${person})`}`);
  return who === null ? `the ${kind}` : `the ${kind}, by ${who}`;
}

function describeOwner({ owner, actor }: AuditRecord): string {
  if (!owner || (owner.kind === "user" && owner.person === actor.person)) return "";
  return `of ${owner.kind} ${owner.id ?? `(${owner.person})`}`;
}

/** `audit verify`: reads every chain, and names the first row of each that was changed since it was written. */
export async function verifyAuditChains({ database, macs }: Services): Promise<void> {
  const { chains, broken } = await verifyAudit({ database, macs });
  for (const { writer, sequence, digest } of chains) console.log([writer, `${sequence} rows`, digest].join("  "));
  for (const { writer, row, why } of broken) console.error(`${row ?? writer}  ${why}`);
  const rows = chains.reduce((sum, chain) => sum + chain.rows, 0);
  if (broken.length > 0) {
    console.error(`${broken.length} of ${chains.length + broken.length} chains have been changed since they were written.`);
    process.exitCode = 1;
  } else console.log(`${rows} rows of ${chains.length} chains are unchanged since they were written.`);
}

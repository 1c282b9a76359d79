import { externalIdSchema } from "../../schema/input.ts";
import type { AuditRecord } from "../../schema/audit-record.ts";
import type { GrantRevocation, Page } from "../../schema/upstream.ts";
import { theOperator } from "../custody/audit-event.ts";
import type { AuditReader } from "../custody/audit-read.ts";
import { recordErasing } from "../custody/record-erasing.ts";
import { systemClock } from "../runtime/clock.ts";
import type { ErasedUser } from "../transfer/erase-user.ts";
import type { Services } from "../services.ts";
import { createTransfer, type Transfer } from "../transfer/transfer.ts";
import { CommandError, requireArgument } from "./usage-error.ts";
import { silentLog, withConnectors } from "./with-services.ts";
import { withVault } from "./with-vault.ts";

/** `users erase`: deletes all data about a user, and prints the result for each connection. Exits with 1 if a grant was not revoked. */
export async function eraseUser(externalId: string, { json: isJson = false }: { json?: boolean }): Promise<void> {
  const erased = await withTransfer(externalId, async (transfer, id, { audit }) => {
    const done = await transfer.eraseUser(id);
    const wasHeld = await recordErasing(audit, id, done, { actor: theOperator });
    return wasHeld ? (done ?? nothingErased) : null;
  });
  console.log(isJson ? JSON.stringify(toJson(erased)) : toText(erased).join("\n"));
  if (erased.connections.some(({ revocation }) => revocation === "failed" || revocation === "unknown_connector")) process.exitCode = 1;
}

/** Only the audit knew the user. */
const nothingErased: ErasedUser = { connections: [], groupConnections: [], rows: {} };

/** `users export`: prints all data about a user as JSON, without tokens. */
export async function exportUser(externalId: string): Promise<void> {
  const held = await withTransfer(externalId, async (transfer, id, { audit }) => {
    const described = await transfer.describeUser(id);
    const acts = await listActsOf(audit.reader, id);
    if (described || acts.length > 0) audit.record({ action: "user.export", actor: theOperator, owner: { kind: "user", id } });
    return described || acts.length > 0 ? { ...described, audit: acts } : null;
  });
  console.log(JSON.stringify(held, null, 2));
}

/** What the user did, and what was done to their connections, the oldest first. */
async function listActsOf({ list }: AuditReader, userId: string): Promise<AuditRecord[]> {
  const acts: AuditRecord[] = [];
  let after: string | null = null;
  do {
    const page: Page<AuditRecord> = await list({ userId }, { first: BATCH_ROWS, after }, "oldest");
    acts.push(...page.items.map(({ item }) => item));
    after = page.next;
  } while (after !== null);
  return acts;
}

/** Acts read at a time. */
const BATCH_ROWS = 500;

async function withTransfer<Answer>(
  externalId: string,
  ask: (transfer: Transfer, id: string, services: Services) => Promise<Answer | null>,
): Promise<Answer> {
  const id = requireArgument("user_id", externalIdSchema.safeParse(externalId));
  const answers: Answer[] = [];
  await withConnectors(async (services, config) => {
    await withVault(services, config, async ({ revoker, spool }) => {
      const transfer = createTransfer({ ...services, ...config, clock: systemClock, log: silentLog, revoker, spool });
      const answer = await ask(transfer, id, services);
      if (answer !== null) answers.push(answer);
    });
  });
  const [answer] = answers;
  if (answer === undefined) throw new CommandError("This gateway holds nothing about this user.");
  return answer;
}

const words: Record<GrantRevocation, string> = {
  revoked: "revoked at the provider",
  nothing: "nothing to revoke at the provider",
  failed: "NOT revoked at the provider: revoke it in the settings of the account there",
  unknown_connector: "NOT revoked at the provider: the configuration no longer has its connector",
};

const toJson = ({ connections, groupConnections, rows }: ErasedUser) => ({ connections, group_connections: groupConnections, rows });

const toText = ({ connections, groupConnections, rows }: ErasedUser): string[] => [
  ...connections.map(({ id, connector, revocation }) => `${connector}  ${id}  ${words[revocation]}`),
  ...groupConnections.map(({ id, connector, group }) => `${connector}  ${id}  kept for the group ${group}, without the user's name`),
  `Erased: ${Object.entries(rows)
    .map(([table, count]) => `${table} ${count}`)
    .join(", ")}`,
];

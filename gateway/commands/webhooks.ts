import { randomUUID } from "node:crypto";
import type { Config } from "../config/config.ts";
import { theOperator } from "../custody/audit-event.ts";
import { listDead, readBacklog } from "../custody/outbox.ts";
import { replay, type Replayed } from "../custody/replay.ts";
import { explainOutcome } from "../custody/webhook-outcome.ts";
import { sendMessage } from "../custody/webhook-send.ts";
import type { Webhook } from "../custody/webhook.ts";
import { systemClock } from "../runtime/clock.ts";
import { printRows, type PrintOptions } from "./print-rows.ts";
import { CommandError, UsageError } from "./usage-error.ts";
import { readWebhooksConfig, withWebhooks } from "./with-services.ts";

/** The most dead events that are listed. */
const LISTED_DEAD = 1_000;

/** `webhooks list`: a line for each webhook, with how many events it has still to accept. */
export const listWebhooks = (options: PrintOptions = {}): Promise<void> =>
  withWebhooks(async ({ database }, { webhooks }) => {
    const rows = await Promise.all(
      webhooks.map(async ({ name, url, events }) => {
        const { pending, oldestAt, dead } = await readBacklog(database.query, name);
        return { name, url, events, pending, oldest_at: oldestAt === null ? null : new Date(oldestAt), dead };
      }),
    );
    const describe = ({ name, url, events, pending, oldest_at: oldestAt, dead }: (typeof rows)[number]) => {
      const since = oldestAt === null ? "" : ` since ${oldestAt.toISOString()}`;
      return [name, url, `${pending} pending${since}`, `${dead} dead`, events.join(",")].join("  ");
    };
    printRows(rows, describe, options, "No webhooks.");
  });

/** `webhooks test`: sends a test event, and prints the result. Throws `CommandError` if it was not accepted. */
export async function testWebhook(name: string): Promise<void> {
  const webhook = findWebhook(readWebhooksConfig(), name);
  const now = systemClock.now();
  const body = JSON.stringify({ event_type: "webhook.test", payload: { occurred_at: new Date(now).toISOString() } });
  const { isTaken, outcome } = await sendMessage(webhook, { id: `evt_${randomUUID()}`, body }, { now });
  if (!isTaken) throw new CommandError(`${name} did not accept the event: ${explainOutcome(outcome)}.`);
  console.log(`${name} accepted the event: ${outcome}.`);
}

/** `webhooks dead`: a line for each event that is not sent any more. */
export const listDeadEvents = (name: string, options: PrintOptions = {}): Promise<void> =>
  withWebhooks(async ({ database }, config) => {
    const dead = await listDead(database.query, findWebhook(config, name).name, LISTED_DEAD);
    const rows = dead.map(({ id, type, at, attempts, outcome }) => ({
      id,
      type,
      at: new Date(at),
      attempts,
      outcome: explainOutcome(outcome ?? ""),
    }));
    const describe = ({ id, type, at, attempts, outcome }: (typeof rows)[number]) =>
      [id, type, at.toISOString(), `${attempts} attempts`, outcome].join("  ");
    printRows(rows, describe, options, "No dead events.");
  });

/** `webhooks replay`: sends again the dead events, one event, or the events since a time. */
export const replayEvents = (name: string, options: { since?: string; id?: string }): Promise<void> =>
  withWebhooks(async ({ database, audit }, config) => {
    const webhook = findWebhook(config, name);
    const which = parseReplayed(options);
    const count = await replay(database, webhook, which, database.clock.now());
    if (count === 0 && "id" in which)
      throw new CommandError("No stored event has this id, or the webhook does not receive events of its type.");
    audit.record({ action: "webhook.replay", actor: theOperator, details: { webhook: name, events: count } });
    console.log(`${count} ${count === 1 ? "event" : "events"} queued to be sent again by a running gateway.`);
  });

function parseReplayed({ since, id }: { since?: string; id?: string }): Replayed {
  if (since !== undefined && id !== undefined) throw new UsageError("replay accepts --since or --id, not both.");
  if (id !== undefined) return { id };
  if (since === undefined) return { dead: true };
  const instant = Date.parse(since);
  if (Number.isNaN(instant)) throw new UsageError("--since must be a time such as 2026-01-31T12:00:00Z.");
  return { since: instant };
}

function findWebhook({ webhooks }: Config, name: string): Webhook {
  const webhook = webhooks.find((one) => one.name === name);
  if (webhook) return webhook;
  const known = webhooks.map((one) => one.name).join(", ");
  throw new UsageError(
    `No webhook is named "${name}". ${known ? `Configured webhooks: ${known}.` : "The configuration file has no webhooks."}`,
  );
}
